import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, vi } from "vitest";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { type Composition, composeCache, until } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { type AwsReply, stubAws } from "./aws-endpoint.ts";
import { ARN, holding } from "./secrets-manager.ts";

export const FIRST = "first-Secret";
export const SECOND = "second-Secret";
export const path = "/v1/cache/entries/a";

export const password = (text: string) => holding(JSON.stringify({ password: text }));
export const ofUser = (text: string) => holding(JSON.stringify({ username: "app", password: text }));

const servers = {
  async standalone() {
    const redis = await startRedis({ password: FIRST });
    return { nodes: [redis], stop: redis.stop };
  },
  cluster: () => startCluster({ nodes: 2, password: FIRST }),
};

/** Before each test of a group the servers know the first password, for everybody and for the user `app`. */
export function useSecretRedis(mode: keyof typeof servers = "standalone") {
  let redis: Awaited<ReturnType<(typeof servers)[typeof mode]>>;
  let operators: Redis[] = [];
  let output: ReturnType<typeof captureOutput>;
  process.env.POWERTOOLS_LOG_LEVEL = "INFO";

  async function setPassword(text: string): Promise<void> {
    for (const operator of operators) {
      await operator.config("SET", "requirepass", text);
      await operator.acl("SETUSER", "app", "reset", "on", `>${text}`, "~*", "+@all");
    }
  }

  async function cut(): Promise<void> {
    for (const operator of operators)
      await operator.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  }

  beforeAll(async () => {
    redis = await servers[mode]();
    operators = redis.nodes.map(({ url }) => new Redis(url));
  });
  beforeEach(async () => {
    output = captureOutput();
    await setPassword(FIRST);
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(async () => {
    for (const operator of operators) operator.disconnect();
    await redis?.stop();
  });

  const world = {
    /** What Secrets Manager says now. */
    reply: password(FIRST) as AwsReply,

    async compose() {
      const calls = await stubAws(() => world.reply);
      const composed = composeCache(`redis://127.0.0.1:${redis.nodes[0]?.port}`, {
        environment: { REDIS_SECRET_ARN: ARN, REDIS_MODE: mode },
      });
      onTestFinished(() => composed.connection.close());
      const ask = () => composed.api("GET", path);
      const statuses = async (size: number) => {
        const answers = await Promise.all(Array.from({ length: size }, ask));
        return new Set(answers.map(({ status }) => status));
      };
      return { ...composed, calls, statuses };
    },

    cut,

    /** At the servers. */
    async changePassword() {
      await setPassword(SECOND);
      await cut();
    },

    /** What the logs say since it was asked last; the passwords are in none of it. */
    said({ log }: Composition): string {
      const text = [...output.lines(), JSON.stringify(log.lines)].join("\n");
      for (const secret of [FIRST, SECOND]) expect(text).not.toContain(secret);
      return text;
    },

    /** Asks until whoever reads the log knows why that fails. */
    async untilSaid(reason: RegExp, sandbox: Composition): Promise<void> {
      let text = "";
      const ask = async () => {
        text += world.said(sandbox);
        await sandbox.api("GET", path);
      };
      await until(ask, () => reason.test(text));
    },
  };
  return world;
}
