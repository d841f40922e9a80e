import { Redis } from "ioredis";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { startTls } from "../../dev/redis/start-tls.ts";
import { parseConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { compare, type Rounds } from "./compare.ts";
import { keepApart } from "./processors.ts";

const PER_BLOCK = 40;
/** Connections are dear. */
const CONNECTS_PER_BLOCK = 4;
const KEY = "bench";

const quiet = { info() {}, warn() {} };
const ours = (environment: Record<string, string>) => connect(parseConfig(environment), { log: () => quiet });

/** What WAIT and TLS cost in our hands, and in those of ioredis with its defaults; microseconds. */
export async function measureTransport(): Promise<Rounds> {
  return { ...(await measureWait()), ...(await measureTls()) };
}

async function measureWait(): Promise<Rounds> {
  const primary = await startRedis({ config: ["repl-diskless-sync-delay 0"] });
  const replica = await startRedis({ config: [`replicaof 127.0.0.1 ${primary.port}`] });
  keepApart(primary.pid, replica.pid);
  const bare = new Redis(primary.url);
  while (!(await bare.info("replication")).includes("state=online"));
  const plain = ours({ REDIS_URL: primary.url });
  const waiting = ours({ REDIS_URL: primary.url, REDIS_MIN_REPLICAS_ACK: "1" });
  const write = ({ run }: typeof plain) => run((redis) => redis.set(KEY, "x"), { idempotent: true });
  try {
    return {
      "write that a replica has : SET, then WAIT 1": await compare(
        () => write(waiting),
        async () => {
          await bare.set(KEY, "x");
          await bare.wait(1, 1000);
        },
        PER_BLOCK,
      ),
      "write that a replica has : one without WAIT": await compare(
        () => write(waiting),
        () => write(plain),
        PER_BLOCK,
      ),
    };
  } finally {
    for (const connection of [plain, waiting]) await connection.close();
    bare.disconnect();
    for (const server of [replica, primary]) await server.stop();
  }
}

async function measureTls(): Promise<Rounds> {
  const [secure, plain] = [await startTls(), await startRedis()];
  keepApart(secure.pid, plain.pid);
  const environment = { REDIS_URL: secure.url, REDIS_TLS_CA: secure.ca };
  const bareSecure = () => new Redis(secure.url, { tls: { ca: secure.ca } });
  const [held, bare] = [ours(environment), bareSecure()];
  const overTcp = ours({ REDIS_URL: plain.url });
  const get = ({ run }: typeof held) => run((redis) => redis.get(KEY), { idempotent: true });
  const first = (environment: Record<string, string>) => async () => {
    const connection = ours(environment);
    await get(connection);
    await connection.close();
  };
  try {
    return {
      "TLS, connect and GET : ioredis": await compare(
        first(environment),
        async () => {
          const redis = bareSecure();
          await redis.get(KEY);
          await redis.quit();
        },
        CONNECTS_PER_BLOCK,
      ),
      "connect and GET, TLS : TCP": await compare(
        first(environment),
        first({ REDIS_URL: plain.url }),
        CONNECTS_PER_BLOCK,
      ),
      "TLS, GET : ioredis": await compare(
        () => get(held),
        () => bare.get(KEY),
        PER_BLOCK,
      ),
      "GET, TLS : TCP": await compare(
        () => get(held),
        () => get(overTcp),
        PER_BLOCK,
      ),
    };
  } finally {
    for (const connection of [held, overTcp]) await connection.close();
    bare.disconnect();
    for (const server of [secure, plain]) await server.stop();
  }
}
