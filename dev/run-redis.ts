import { announce } from "./announce.ts";
import { developmentRedis } from "./development-redis.ts";
import { readSettings } from "./settings.ts";
import { developmentKey, publicKey } from "./signing-key.ts";
import { untilAskedToStop } from "./until-asked-to-stop.ts";

async function run(): Promise<void> {
  const askedToStop = untilAskedToStop();
  const settings = readSettings();
  const redis = await developmentRedis(settings);
  if (redis.origin === "given") {
    console.log("The Redis at REDIS_URL answers; there is nothing to start.");
    return;
  }
  if (redis.origin === "running") {
    console.log(`Redis runs already on 127.0.0.1:${redis.port}, from another terminal.`);
    return;
  }
  const conceal = await announce(
    settings.stateDir,
    redis.url,
    publicKey(await developmentKey(settings.stateDir)),
  );
  console.log(
    `Redis runs on 127.0.0.1:${redis.port} and keeps its data in ${settings.stateDir}. Ctrl-C stops it.`,
  );
  const ended = await Promise.race([askedToStop.then(() => "asked"), redis.gone.then(() => "gone")]);
  await conceal();
  await redis.stop();
  if (ended === "gone") throw new Error("Redis ended by itself.");
}

try {
  await run();
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
