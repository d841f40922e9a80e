import { exportJWK, generateKeyPair } from "jose";
import type { TestProject } from "vitest/node";
import { startTopology } from "./topologies.ts";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
    redisEnvironment: Record<string, string>;
    operatorUrl: string;
    /** Private JWK that signs the tokens of the tests. */
    signingKey: string;
    publicKey: string;
  }
}

/** Real servers for all files that do no harm to them; each file isolates itself with a tenant of its own. */
export default async function setup(project: TestProject) {
  const { stop, ...provided } = await startTopology(process.env.TOPOLOGY || "standalone");
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  for (const name of ["redisUrl", "redisEnvironment", "operatorUrl"] as const)
    project.provide(name, provided[name]);
  project.provide("signingKey", JSON.stringify(await exportJWK(privateKey)));
  project.provide("publicKey", JSON.stringify(await exportJWK(publicKey)));
  return stop;
}
