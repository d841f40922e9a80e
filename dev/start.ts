import { announce } from "./announce.ts";
import { type DevelopmentRedis, developmentRedis } from "./development-redis.ts";
import { freePort } from "./free-port.ts";
import { startOfflineServer } from "./offline-server.ts";
import { readSettings } from "./settings.ts";
import { developmentKey, mintToken, publicKey } from "./signing-key.ts";
import { untilAskedToStop } from "./until-asked-to-stop.ts";

/** What was started, to be stopped in reverse order: functions first, then the Redis they write to. */
const started: (() => Promise<void>)[] = [];

/** Starts everything, and rejects when a part of it ends by itself. */
async function serve(): Promise<never> {
  const settings = readSettings();
  const { httpPort, stateDir } = settings;
  if (!(await freePort(httpPort))) throw new Error(`Port ${httpPort} is in use; set PORT to another one.`);

  const redis = await developmentRedis(settings);
  started.push(redis.stop);
  console.log(describe(redis));

  const key = await developmentKey(stateDir);
  if (redis.origin !== "running") started.push(await announce(stateDir, redis.url, publicKey(key)));

  console.log("Building the functions and starting the API ...");
  const server = await startOfflineServer(httpPort, {
    REDIS_URL: redis.url,
    AUTH_MODE: "token",
    AUTH_PUBLIC_KEY: publicKey(key),
  });
  started.push(server.stop);
  console.log(welcome(server.url, await mintToken(key, { tenant: "dev", scope: "*", days: 30 })));

  await Promise.race([
    redis.gone.then(() => Promise.reject(new Error("Redis has ended; stopping."))),
    server.gone.then(() => Promise.reject(new Error("The API emulator has ended; stopping."))),
  ]);
  throw new Error("Stopping.");
}

function describe({ origin, port }: DevelopmentRedis): string {
  if (origin === "given") return "Using the Redis at REDIS_URL.";
  if (origin === "running") return `Using the Redis that another terminal runs on 127.0.0.1:${port}.`;
  return `Redis runs on 127.0.0.1:${port} and keeps its data.`;
}

function welcome(url: string, token: string): string {
  const entry = `${url}/v1/cache/entries/hello -H 'Authorization: Bearer ${token}'`;
  return `
Serving ${url}

Token for tenant "dev", all scopes but those of ops, valid for 30 days:
${token}

Store and read a value:
curl -i -X PUT ${entry} -H 'Content-Type: text/plain' -H 'Cache-Control: max-age=60' --data 'Hello from Redis'
curl -i ${entry}

Ctrl-C stops everything.`;
}

const askedToStop = untilAskedToStop();
let exitCode = 0;
try {
  await Promise.race([serve(), askedToStop]);
} catch (error) {
  console.error((error as Error).message);
  exitCode = 1;
}
for (const stop of started.reverse()) await stop();
process.exit(exitCode);
