import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "../../dev/redis/start-redis.ts";
import type { Answer } from "../api.ts";
import { expectUnavailable, until } from "../composition.ts";

const CALLERS = 20;

/** A server that has written down everything that it acknowledges, to be killed and started again. */
export interface KilledServer {
  readonly url: string;
  /** Kill -9. */
  kill(): Promise<void>;
  /** At the same address, with what it has written down. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKilledServer(): Promise<KilledServer> {
  const dir = await mkdtemp(join(tmpdir(), "redigate-killed-"));
  const settings = { dir, appendOnly: true, config: ["appendfsync always"] };
  let server = await startRedis(settings);
  return {
    url: server.url,
    async kill() {
      server.kill("SIGKILL");
      await server.exited;
    },
    async start() {
      server = await startRedis({ ...settings, port: server.port });
    },
    async stop() {
      await server.stop();
      await rm(dir, { recursive: true });
    },
  };
}

/** For a caller under load: whether it was served, and otherwise told so as it should be. */
export type IsServed = (answering: Promise<Answer>) => Promise<boolean>;

/**
 * Lets callers repeat their round without a pause, each for a user of its own, while the server is killed and started
 * again. Nobody learns of it but by a 503 in time, and all are served again.
 */
export async function killUnderLoad(
  server: KilledServer,
  round: (userId: string, isServed: IsServed, number: number) => Promise<void>,
): Promise<void> {
  const counts = { served: 0, refused: 0 };
  let running = true;

  const isServed: IsServed = async (answering) => {
    const answer = await answering;
    const served = answer.status < 300;
    if (!served) expectUnavailable(answer);
    counts[served ? "served" : "refused"]++;
    return served;
  };
  async function caller(userId: string): Promise<void> {
    for (let number = 0; running; number++) await round(userId, isServed, number);
  }
  const more = (name: keyof typeof counts, count: number) => {
    const enough = counts[name] + count;
    return until(
      async () => counts[name],
      (now) => now > enough,
    );
  };

  const callers = Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(`caller-${number}`)));
  callers.catch(() => {}); // whoever awaits it learns
  try {
    await more("served", 30 * CALLERS);
    await server.kill();
    await more("refused", CALLERS);
    await server.start();
    await more("served", 30 * CALLERS);
  } finally {
    running = false;
  }
  await callers;
}
