import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import claim from "./lua/claim.lua" with { type: "text" };
import foretell from "./lua/foretell.lua" with { type: "text" };
import settle from "./lua/settle.lua" with { type: "text" };

/** The commands that a feature adds to its connection if it takes idempotency keys. */
export const idempotencyScripts = {
  idempotencyClaim: { lua: claim, numberOfKeys: 1 },
  idempotencyForetell: { lua: foretell, numberOfKeys: 1 },
  idempotencySettle: { lua: settle, numberOfKeys: 1 },
} satisfies Record<string, Script>;

export type ClaimReply = ["claimed" | "answered" | "running" | "reused", text: string];

declare module "ioredis" {
  interface RedisCommander<Context> {
    idempotencyClaim(
      call: string,
      digest: string,
      seed: string,
      runMs: number,
      rememberMs: number,
    ): Result<ClaimReply, Context>;
    idempotencyForetell(call: string, seed: string, answer: string): Result<0 | 1, Context>;
    idempotencySettle(call: string, seed: string, answer: string): Result<1, Context>;
  }
}
