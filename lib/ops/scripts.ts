import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import size from "./lua/size.lua" with { type: "text" };

/** The commands of the function's own; each node of a cluster is given them when it is asked. */
export const opsScripts = { opsSize: { lua: size, numberOfKeys: 1, readOnly: true } } satisfies Record<
  string,
  Script
>;

export type SizeReply = [type: string, bytes: number, measured: 0 | 1];

declare module "ioredis" {
  interface RedisCommander<Context> {
    opsSize(key: Buffer): Result<SizeReply, Context>;
  }
}
