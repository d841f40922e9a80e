import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { bareClient, compare, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";
import type { Pair } from "./statistics.ts";

/** Microseconds, bytes of Redis' memory for one like, and likes a second. */
export interface LikesResult {
  readonly rounds: Rounds;
  readonly bytes: Pair;
  readonly perSecond: Pair;
}

type Library = typeof import("../../lib/likes/likes.ts") &
  typeof import("../../lib/likes/scripts.ts") &
  typeof import("../../lib/redis/connect.ts") &
  typeof import("../../lib/config.ts");

const PER_BLOCK = 100;
const WARM_UP = 3000;
const LIKES = 5000;
const CALLERS = 50;
const HOT_LIKES = 20_000;
const ASKED_PER_SECOND = 1000;

const tenant = `bench-${randomUUID()}`;
const library: Library = await import(pathToFileURL(process.env.LIBRARY ?? "").href);
const config = library.readConfig();
const connection = library.connect(config, {
  log: () => ({ info() {}, warn() {} }),
  scripts: library.likeScripts,
});
const likes = library.createLikes(connection, config.likes);
const token = await mintToken(tenant);
const handler = await loadHandler();
const redis = await bareClient();

let next = 0;
const nextUser = () => `user-${next++}`;
/** Each has some hundred likes, as most that are liked at all. */
const nextSubject = () => `post:${next % 50}`;

const like = () => likes.like(tenant, nextSubject(), nextUser(), undefined);
const likeOverHttp = () =>
  call(handler, eventFor("PUT", `/v1/likes/${nextSubject()}/users/${nextUser()}`, { token }), 200);

async function byHand(): Promise<void> {
  const key = `${tenant}:by-hand:${nextSubject()}`;
  await redis.pipeline().sadd(key, nextUser()).scard(key).exec();
}

const read = () => likes.getAll(tenant, [nextSubject()], nextUser());
async function readByHand(): Promise<void> {
  const key = `${tenant}:by-hand:${nextSubject()}`;
  await redis.pipeline().sismember(key, nextUser()).scard(key).exec();
}

const comparisons = {
  "like and count : SADD, SCARD in one pipeline": [like, byHand],
  "count and mine : SISMEMBER, SCARD in one pipeline": [read, readByHand],
  "like and count through the handler : SADD, SCARD in one pipeline": [likeOverHttp, byHand],
} as const;

for (const [subject, baseline] of Object.values(comparisons))
  for (let turn = 0; turn < WARM_UP; turn++) await Promise.all([subject(), baseline()]);
const rounds: Record<string, Rounds[string]> = {};
for (const [name, [subject, baseline]] of Object.entries(comparisons))
  rounds[name] = await compare(subject, baseline, PER_BLOCK);

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
}

async function bytesEach(write: (user: string) => Promise<unknown>): Promise<number> {
  const before = await usedMemory();
  for (let index = 0; index < LIKES; index++) await write(`somebody-${index}`);
  return ((await usedMemory()) - before) / LIKES;
}

/** So many callers at once, each of another user, on one subject: nobody is lost or counted twice. */
async function likesPerSecond(): Promise<number> {
  const startedAt = performance.now();
  let left = HOT_LIKES;
  const caller = async () => {
    while (left-- > 0) await likes.like(tenant, "post:hot", nextUser(), undefined);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  const [{ count } = { count: 0 }] = await likes.getAll(tenant, ["post:hot"]);
  if (count !== HOT_LIKES) throw new Error(`${count} likes instead of ${HOT_LIKES}`);
  return HOT_LIKES / seconds;
}

const result: LikesResult = {
  rounds,
  bytes: {
    subject: await bytesEach((user) => likes.like(tenant, "post:memory", user, undefined)),
    baseline: await bytesEach((user) =>
      redis.pipeline().sadd(`${tenant}:by-hand`, user).sadd(`${tenant}:of:{${user}}`, "post:memory").exec(),
    ),
  },
  perSecond: { subject: await likesPerSecond(), baseline: ASKED_PER_SECOND },
};
report(result);
