import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { closeAll, startWriters } from "./writers.ts";

/** Those who are refused ask again until then. */
export const DEADLINE_MS = 400;
/** Of the user that the features are; who is without a name may do everything. */
export const PASSWORD = "first";

/** A server that is told to refuse, and every feature there with one write, `kept`. */
export async function startRefusingServer() {
  const dir = await mkdtemp(join(tmpdir(), "redigate-refusing-"));
  const server = await startRedis({ dir });
  const admin = new Redis(server.url);
  await admin.call("ACL", "SETUSER", "functions", "on", `>${PASSWORD}`, "~*", "&*", "+@all");
  const url = server.url.replace("//", `//functions:${PASSWORD}@`);
  const writers = await startWriters(url, { environment: { REDIS_DEADLINE_MS: String(DEADLINE_MS) } });
  for (const { write } of Object.values(writers)) expect((await write("kept")).status).toBeLessThan(300);
  return {
    admin,
    writers,
    configure: (...settings: string[]) => admin.config("SET", ...settings),
    /** The server has nowhere to write to any more. */
    removeFolder: () => rm(dir, { recursive: true }),
    async stop() {
      await closeAll(writers);
      admin.disconnect();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type RefusingServer = Awaited<ReturnType<typeof startRefusingServer>>;
