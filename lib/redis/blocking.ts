import type { Connection } from "./connection.ts";

/** A connection whose `block` runs over another one, that `open` makes when it is first needed. */
export function withBlocking(connection: Connection, open: () => Connection): Connection {
  let blocking: Connection | undefined;
  return {
    ...connection,
    block(operation, options) {
      blocking ??= open();
      return blocking.run(operation, options);
    },
    takeRoundTrips() {
      blocking?.takeRoundTrips(); // how long they waited tells nothing of the network
      return connection.takeRoundTrips();
    },
    async close() {
      await Promise.all([connection.close(), blocking?.close()]);
    },
  };
}
