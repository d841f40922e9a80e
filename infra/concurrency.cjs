/** ElastiCache takes so many connections a node, and serverless caches as many; the machine as its redis.conf says. */
const maxClientsOf = (cache) => (cache === "self-managed" ? 10_000 : 65_000);

/** One to each node for what must be current, one more for reads that may lag (`consistency=eventual`) or for locks to wait. */
const CONNECTIONS_OF_A_SANDBOX = 2;

/** While a version replaces another, sandboxes of both are there. */
const VERSIONS_AT_ONCE = 2;

/** A schedule starts these one by one; the second is for a run that takes longer than until the next. */
const SCHEDULED = { sentry: 2, warmer: 2 };

/** How much of the traffic each function has; whoever is not here has a share of 1. */
const SHARES = { cache: 8, sessions: 5, leaderboards: 4, likes: 4, locks: 2, tokens: 2 };

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const shareOf = (name) => SHARES[name] ?? 1;

/** The most connections that a node can see from so many sandboxes. */
const connectionsOf = (sandboxes) => sandboxes * CONNECTIONS_OF_A_SANDBOX * VERSIONS_AT_ONCE;

/** The fewest sandboxes that can be reserved: one for each function, or as many as its schedule needs. */
const leastFor = (functions) => sum(functions.map((name) => SCHEDULED[name] ?? 1));

/** Sandboxes to reserve for each function: the fewest, and shares of what is left. Never more than `concurrency` in all. */
function reserve(functions, concurrency) {
  const left = concurrency - leastFor(functions);
  const shares = sum(functions.filter((name) => !SCHEDULED[name]).map(shareOf));
  return Object.fromEntries(
    functions.map((name) => [name, SCHEDULED[name] ?? 1 + Math.floor((left * shareOf(name)) / shares)]),
  );
}

module.exports = { maxClientsOf, connectionsOf, leastFor, reserve };
