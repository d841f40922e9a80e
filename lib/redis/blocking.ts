import type { Connection, Run } from "./connection.ts";

/** A connection whose `block` runs over another one, that `open` makes when it is first needed. */
export function withBlocking(connection: Connection, open: () => Connection): Connection {
  let blocking: Connection | undefined;
  const block: Run = (operation, options) => {
    blocking ??= open();
    return blocking.run(operation, options);
  };
  return {
    ...connection,
    block,
    sharing: () => ({ ...connection.sharing(), block }),
    takeRoundTrips() {
      blocking?.takeRoundTrips(); // how long they waited tells nothing of the network
      return connection.takeRoundTrips();
    },
    async close() {
      await Promise.all([connection.close(), blocking?.close()]);
    },
  };
}
