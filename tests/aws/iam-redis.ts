import { Redis } from "ioredis";
import { createAuthority } from "../../dev/redis/certificate.ts";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { until } from "../composition.ts";
import { type IamFront, type IamRules, startIamFront } from "./iam-front.ts";

const PASSWORD = "known to the front alone";

export const KEYS = { accessKeyId: "AKIDLOCAL", secretAccessKey: "secret/key+local" };

const RULES: IamRules = {
  ...KEYS,
  cacheName: "orders",
  userId: "app-user",
  serverless: false,
  region: "eu-central-1",
};

/** What a function needs to sign in, wherever Redis is. */
const SIGN_IN = {
  REDIS_IAM: "true",
  ELASTICACHE_ID: RULES.cacheName,
  AWS_REGION: RULES.region,
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
};

/** Real servers that are reached over TLS, and with a token, alone. */
export interface IamRedis {
  readonly url: string;
  /** What a function needs besides. */
  readonly environment: Record<string, string>;
  /** One before each server. */
  readonly fronts: readonly IamFront[];
  stop(): Promise<void>;
}

export async function startIamRedis(rules: Partial<IamRules> = {}): Promise<IamRedis> {
  const redis = await startRedis({ password: PASSWORD });
  return withFronts([redis.url], redis.stop, rules);
}

/** Two primaries. */
export async function startIamCluster(rules: Partial<IamRules> = {}): Promise<IamRedis> {
  // A certificate names hosts, not addresses.
  const config = ["cluster-announce-hostname localhost", "cluster-preferred-endpoint-type hostname"];
  const cluster = await startCluster({ nodes: 2, password: PASSWORD, config });
  const urls = cluster.nodes.map(({ url }) => url);
  const { environment, ...redis } = await withFronts(urls, cluster.stop, rules);
  await announce(cluster, redis.fronts);
  return { ...redis, environment: { ...environment, REDIS_MODE: "cluster" } };
}

async function withFronts(
  urls: readonly string[],
  stop: () => Promise<void>,
  rules: Partial<IamRules>,
): Promise<IamRedis> {
  const authority = createAuthority();
  const certificate = authority.issue("localhost");
  const starting = urls.map((url) => startIamFront(url, { ...RULES, ...rules }, certificate));
  const fronts = await Promise.all(starting);
  return {
    url: `rediss://localhost:${fronts[0]?.port}`,
    environment: { ...SIGN_IN, REDIS_USERNAME: RULES.userId, REDIS_TLS_CA: authority.cert },
    fronts,
    async stop() {
      await Promise.all(fronts.map((front) => front.close()));
      await stop();
    },
  };
}

/** Makes the nodes tell everybody the ports of the fronts for their own. */
async function announce({ nodes }: RunningCluster, fronts: readonly IamFront[]): Promise<void> {
  const ports = fronts.map(({ port }) => port).sort();
  const clients = nodes.map(({ url }) => new Redis(url));
  const announcing = clients.map((client, index) =>
    client.config("SET", "cluster-announce-port", fronts[index]?.port ?? 0),
  );
  await Promise.all(announcing);
  for (const client of clients) {
    const known = async () => {
      const slots = await client.cluster("SLOTS");
      return slots.map(([, , first]) => first?.[1]).sort();
    };
    await until(known, (found) => `${found}` === `${ports}`);
    client.disconnect();
  }
}
