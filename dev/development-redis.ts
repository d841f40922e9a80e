import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { privateFile } from "./private-file.ts";
import { ping } from "./redis/ping.ts";
import { startRedis } from "./redis/start-redis.ts";
import type { DevSettings } from "./settings.ts";

const FIRST_PORT = 6390;
const PORTS_TRIED = 20;

/** The Redis a developer works with. */
export interface DevelopmentRedis {
  readonly url: string;
  /** `given` by REDIS_URL, `running` in another terminal, or `started` here. */
  readonly origin: "given" | "running" | "started";
  readonly port?: number;
  /** Ends it if it was started here, and then only. */
  stop(): Promise<void>;
  /** Resolves when it is gone; never for a given one, which may come and go. */
  readonly gone: Promise<void>;
}

/** Uses the Redis at REDIS_URL, else the one another terminal runs, else starts one that keeps its data. */
export async function developmentRedis({ redisUrl, stateDir }: DevSettings): Promise<DevelopmentRedis> {
  if (redisUrl !== undefined) return givenRedis(redisUrl);
  await mkdir(join(stateDir, "data"), { recursive: true });
  const password = await privateFile(join(stateDir, "redis-password"), async () =>
    randomBytes(24).toString("hex"),
  );
  const portFile = join(stateDir, "redis-port");
  const remembered = Number(await readFile(portFile, "utf8").catch(() => FIRST_PORT)) || FIRST_PORT;
  const ports = [remembered, ...Array.from({ length: PORTS_TRIED }, (_, index) => FIRST_PORT + index)];
  for (const port of ports) {
    const redis = await redisOnPort(port, password, stateDir);
    if (!redis) continue;
    await writeFile(portFile, String(port));
    return redis;
  }
  throw new Error(`No free port for Redis from ${FIRST_PORT} to ${FIRST_PORT + PORTS_TRIED - 1}.`);
}

async function givenRedis(url: string): Promise<DevelopmentRedis> {
  if (!/^rediss?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new Error("REDIS_URL must be a URL that begins with redis:// or rediss://.");
  }
  await ping(url).catch((error: Error) => {
    const reason = `The Redis at REDIS_URL (${new URL(url).host}) does not answer: ${error.message}.`;
    throw new Error(`${reason} Start it, or unset REDIS_URL to use one of our own.`);
  });
  return { url, origin: "given", stop: async () => undefined, gone: new Promise(() => undefined) };
}

/**
 * The port is the lock on the data: whoever holds it and knows our password is our server, so two terminals
 * started at once share one, and no file is left behind that could be stale. Undefined if a stranger has the port.
 */
async function redisOnPort(
  port: number,
  password: string,
  stateDir: string,
): Promise<DevelopmentRedis | undefined> {
  const options = { port, password, dir: join(stateDir, "data"), appendOnly: true };
  for (;;) {
    if (await freePort(port)) {
      try {
        const { url, stop, exited } = await startRedis(options);
        return { url, port, origin: "started", stop, gone: exited };
      } catch (error) {
        if (await freePort(port)) throw error;
      }
    }
    const url = `redis://:${password}@127.0.0.1:${port}`;
    const refusal = await ping(url).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (!refusal) return { url, port, origin: "running", stop: async () => undefined, gone: untilGone(url) };
    if (!refusal.startsWith("LOADING")) return undefined;
    await sleep(200);
  }
}

async function untilGone(url: string): Promise<void> {
  let answers = true;
  while (answers) {
    await sleep(2000, undefined, { ref: false });
    answers = await ping(url).then(
      () => true,
      () =>
        ping(url).then(
          () => true,
          () => false,
        ),
    );
  }
}
