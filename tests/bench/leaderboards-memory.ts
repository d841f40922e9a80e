import { Redis } from "ioredis";
import { leaderboardKeys } from "../../lib/redis/keys.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { fill, memberOf, type Target } from "./leaderboards-fill.ts";
import { report } from "./sandbox.ts";
import type { Pair } from "./statistics.ts";

/** Bytes of one member on a board, by its ties, and in a plain sorted set. */
export type BytesResult = Record<"first" | "member", Pair>;

const MEMBERS = 1_000_000;
/** In no order, as scores come. */
const NUMBERS = Uint32Array.from({ length: MEMBERS }, (_, index) => (index * 618_033) % MEMBERS);

/** The boards, named by their ties, and the plain sorted set stay for those who measure how fast they are. */
const { TENANT = "", PLAIN = "" } = process.env;
const token = await mintToken(TENANT);
const handler = await loadHandler();
const redis = new Redis(process.env.REDIS_URL ?? ""); // waits as long as a fill takes

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
}

async function bytesEach(keys: Target["keys"], sign: Target["sign"]): Promise<number> {
  const before = await usedMemory();
  await fill({ redis, keys, sign }, NUMBERS);
  return ((await usedMemory()) - before) / MEMBERS;
}

async function bytesOnBoard(ties: keyof BytesResult): Promise<number> {
  const path = `/v1/leaderboards/${ties}`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ ties, update: "last" });
  await call(handler, eventFor("PUT", path, { body, headers, token }), 201);
  const { ranks, stamps } = leaderboardKeys.window(TENANT, ties, 0, "all");
  const bytes = await bytesEach(ties === "member" ? [ranks] : [ranks, stamps], -1);
  for (const number of [0, 1, MEMBERS / 2, MEMBERS - 1]) await check(path, memberOf(number));
  return bytes;
}

/** The function must read what was written past it. */
async function check(path: string, member: string): Promise<void> {
  const { body = "" } = await call(handler, eventFor("GET", `${path}/members/${member}`, { token }), 200);
  const { score, rank } = JSON.parse(body);
  const expected = [
    Number(await redis.zscore(PLAIN, member)),
    ((await redis.zrevrank(PLAIN, member)) ?? 0) + 1,
  ];
  if (`${[score, rank]}` !== `${expected}`) throw new Error(`${member} has ${body} instead of ${expected}`);
}

const baseline = await bytesEach([PLAIN], 1);
const result: BytesResult = {
  member: { subject: await bytesOnBoard("member"), baseline },
  first: { subject: await bytesOnBoard("first"), baseline },
};
report(result);
