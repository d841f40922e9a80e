import type { Result } from "ioredis";
import type { Script } from "../redis/script.ts";
import invalidate from "./lua/invalidate.lua" with { type: "text" };
import lookup from "./lua/lookup.lua" with { type: "text" };
import peek from "./lua/peek.lua" with { type: "text" };
import pin from "./lua/pin.lua" with { type: "text" };
import put from "./lua/put.lua" with { type: "text" };
import tick from "./lua/tick.lua" with { type: "text" };

/** The commands that the cache adds to its connection; the header of each script says what it takes and gives. */
export const cacheScripts = {
  cacheInvalidate: { lua: invalidate, numberOfKeys: 1 },
  cacheLookup: { lua: lookup, numberOfKeys: 2, keepsHouse: true },
  cachePeek: { lua: peek, numberOfKeys: 1, readOnly: true },
  cachePin: { lua: pin, numberOfKeys: 1 },
  cachePut: { lua: put, numberOfKeys: 3 },
  cacheTick: { lua: tick, numberOfKeys: 1 },
} satisfies Record<string, Script>;

/** Head, body, milliseconds left. */
export type PeekReply = [Buffer | null, Buffer | null, number];
/** Head, body, milliseconds left, whether the lease is the caller's, milliseconds left of a lease. */
export type LookupReply = [...PeekReply, 0 | 1, number];

declare module "ioredis" {
  interface RedisCommander<Context> {
    cacheInvalidate(group: string, clock: string, nonce: string, keepMs: number): Result<1, Context>;
    cacheLookupBuffer(
      entry: string,
      lease: string,
      nonce: string,
      leaseMs: number,
      dice: number,
      invalidated: string,
    ): Result<LookupReply, Context>;
    cachePeekBuffer(entry: string, largestBytes: number): Result<PeekReply, Context>;
    cachePin(group: string, nonce: string, keepMs: number): Result<string, Context>;
    cachePut(
      entry: string,
      lease: string,
      outcome: string,
      head: string,
      body: Buffer,
      keepMs: number,
      nonce: string,
      leaseMs: number,
      condition: string,
      tokens: string,
      rememberMs: number,
    ): Result<string, Context>;
    cacheTick(clock: string, keepMs: number, forward: 0 | 1): Result<string, Context>;
  }
}
