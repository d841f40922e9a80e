import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Leaves the address and the public key where `sls invoke local` looks for them. The function it resolves to
 * takes them away again; call it when the Redis stops.
 */
export async function announce(
  stateDir: string,
  redisUrl: string,
  authPublicKey: string,
): Promise<() => Promise<void>> {
  const file = join(stateDir, "local.env");
  await rm(file, { force: true });
  await writeFile(file, `REDIS_URL='${redisUrl}'\nAUTH_PUBLIC_KEY='${authPublicKey}'\n`, { mode: 0o600 });
  return () => rm(file, { force: true });
}
