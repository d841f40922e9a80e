import { Cluster, Redis } from "ioredis";
import { inject } from "vitest";

/** What a function must have in its environment to use the Redis at `url`: that of this run, or one of the test's own. */
export function environmentFor(url: string): Record<string, string> {
  const provided = Object.entries(inject("redisEnvironment"));
  const isProvided = url === inject("redisUrl");
  return {
    REDIS_URL: url,
    ...Object.fromEntries(provided.map(([name, value]) => [name, isProvided ? value : ""])),
  };
}

/** A client that has nothing of ours in it, on the Redis of this run, to look behind what is served. */
export function bareClient(): Redis | Cluster {
  const { REDIS_MODE, REDIS_NODES = "", REDIS_SENTINEL_NAME = "", REDIS_TLS_CA } = inject("redisEnvironment");
  const { hostname, port, username, password } = new URL(inject("operatorUrl"));
  const first = { host: hostname, port: Number(port) };
  const access = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    ...(REDIS_TLS_CA && { tls: { ca: REDIS_TLS_CA } }),
  };
  if (REDIS_MODE === "cluster") return new Cluster([first], { redisOptions: access });
  if (REDIS_MODE !== "sentinel") return new Redis({ ...first, ...access });
  const others = REDIS_NODES.split(",").map((node) => {
    const [host = "", port] = node.split(":");
    return { host, port: Number(port) };
  });
  return new Redis({ ...access, sentinels: [first, ...others], name: REDIS_SENTINEL_NAME });
}

/** The keys that match a pattern, on whichever nodes they are. */
export async function keysOf(client: Redis | Cluster, match: string): Promise<string[]> {
  await client.ping(); // a cluster's nodes are known when it is connected
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  const found = new Set<string>();
  for (const node of nodes)
    for await (const keys of node.scanStream({ match, count: 1000 }))
      for (const key of keys as string[]) found.add(key);
  return [...found];
}
