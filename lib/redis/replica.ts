import type { Connection, Run } from "./connection.ts";
import { RedisUnavailable } from "./errors.ts";

/** One connection of two: its `eventual` operations run on the replica while that answers, all others on the primary. */
export function withReplica(primary: Connection, replica: Connection): Connection {
  function begin(): Run {
    const onReplica = replica.begin();
    const onPrimary = primary.begin();
    return async (operation, options) => {
      try {
        return await onReplica(operation, options);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error;
        return onPrimary(operation, options);
      }
    };
  }

  const run: Run = (operation, options) => begin()(operation, options);
  const shared: Connection = {
    ...primary,
    endsIn(remainingMs) {
      for (const each of [primary, replica]) each.endsIn(remainingMs);
    },
    takeRoundTrips: () => [primary, replica].flatMap((each) => each.takeRoundTrips()),
    async close() {
      await Promise.all([primary, replica].map((each) => each.close()));
    },
  };
  return { ...shared, eventual: { ...shared, begin, run } };
}
