import { exportJWK, generateKeyPair } from "jose";
import type { TestProject } from "vitest/node";
import { startRedis } from "../dev/redis/start-redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
    /** Private JWK that signs the tokens of the tests. */
    signingKey: string;
    publicKey: string;
  }
}

/** One real server for all files that do no harm to it; each file isolates itself with a tenant of its own. */
export default async function setup(project: TestProject) {
  const redis = await startRedis({ password: "a password with spaces & signs" });
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  project.provide("redisUrl", redis.url);
  project.provide("signingKey", JSON.stringify(await exportJWK(privateKey)));
  project.provide("publicKey", JSON.stringify(await exportJWK(publicKey)));
  return () => redis.stop();
}
