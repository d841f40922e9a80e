import type { Cluster, Redis } from "ioredis";

/** Members are numbered in another order than their names: `name(number) = number * STEP % SCALE`, each once. */
const SCALE = 10_000_000;
const STEP = 6_180_339; // has no divisor in common with the scale
const MEMBERS_PER_CALL = 10_000;

/** 500 members a command; the number of each, which is its score too, is four bytes. */
const SCRIPT = `
local numbers = ARGV[1]
for from = 1, #numbers, 2000 do
  local ranks, stamps = {}, {}
  for at = from, math.min(from + 1999, #numbers), 4 do
    local score = struct.unpack('<I4', numbers, at)
    local member, stamp = 'member-' .. score * ${STEP} % ${SCALE}, ''
    if KEYS[2] then
      stamp = string.format('%013x', 1600000000000000 + score)
      stamps[#stamps + 1] = member
      stamps[#stamps + 1] = stamp
    end
    ranks[#ranks + 1] = ARGV[2] * score + 0
    ranks[#ranks + 1] = stamp .. member
  end
  redis.call('ZADD', KEYS[1], unpack(ranks))
  if KEYS[2] then redis.call('HSET', KEYS[2], unpack(stamps)) end
end`;

/** A sorted set to fill, and the hash of stamps beside it if ties go by time. */
export interface Target {
  readonly redis: Redis | Cluster;
  readonly keys: readonly [ranks: string, ...stamps: string[]];
  /** -1 where scores are kept negated, as on a board of descending order. */
  readonly sign: 1 | -1;
}

export function memberOf(number: number): string {
  return `member-${(number * STEP) % SCALE}`;
}

/** A number of one of so many members, or a score that one of them might have. */
export function random(members: number): number {
  return Math.floor(Math.random() * members);
}

/** Writes members as submissions would have left them, which would take hours. */
export async function fill({ redis, keys, sign }: Target, numbers: Uint32Array): Promise<void> {
  for (let from = 0; from < numbers.length; from += MEMBERS_PER_CALL) {
    const bytes = Buffer.from(numbers.slice(from, from + MEMBERS_PER_CALL).buffer);
    await redis.eval(SCRIPT, keys.length, ...keys, bytes, sign);
  }
}
