import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { findEngine } from "../../dev/redis/find-engine.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { buildBundles } from "./bundles.ts";
import { measureCold } from "./cold.ts";
import type { Rounds } from "./compare.ts";
import { measureFailover } from "./failover.ts";
import { growthRows, measureLarge, rowsOf } from "./large-leaderboards.ts";
import type { BytesResult } from "./leaderboards-memory.ts";
import type { MemoryResult } from "./memory.ts";
import { keepApart } from "./processors.ts";
import { measure, type Sandbox } from "./sandbox.ts";
import type { Pair } from "./statistics.ts";
import { format, isOver, type Row, row } from "./table.ts";
import { measureTransport } from "./transport.ts";
import type { LikesResult } from "./warm-likes.ts";
import type { SessionsResult } from "./warm-sessions.ts";

/** Where the compiler and the kernel put things differs from process to process. */
const WARM_PROCESSES = 5;
const WARM_BOUND = 1.6;
/** As people write it by hand: one command after the other. */
const VERIFY = "verify : GET, then EXPIRE";
const WRITING = "verify that always writes : GET, then EXPIRE";
const REFRESH = "refresh : GET, DEL, SET";
const BY_HAND = "ZADD, ZREVRANK, ZSCORE in one pipeline";
const SUBMIT = `submit : ${BY_HAND}`;
const MEMBER = `member with rank : ${BY_HAND}`;
const LIKE = "like and count : SADD, SCARD in one pipeline";
const TOP = "top 100 : ZREVRANGE WITHSCORES";
const LOCK = "lock and unlock : SET NX PX, then compare and delete";
/** Two scripts, that keep a queue and a fencing token, against two commands that do not. */
const LOCK_BOUND = 1.8;
const COLD_BOUND = 1.5;
/** Bytes of a member, by the ties of its board. */
const BYTES_BOUNDS = { member: 1.5, first: 2.2 };
const MEMORY_BOUND = 1.1;
/** With much memory V8 lets its young generation grow to 128 MiB, which would hide everything else. */
const MEMORY_FLAGS = ["--expose-gc", "--max-semi-space-size=4"];
const BUNDLE_BOUND_BYTES = 400 * 1024;

const folder = mkdtempSync(join(tmpdir(), "redigate-bench-"));
const redis = await startRedis({ password: "bench" });
const apart = keepApart(redis.pid);

async function run(): Promise<Row[]> {
  const bundles = await buildBundles(folder);
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const sandbox: Sandbox = {
    bundle: bundles.cache.file,
    redisUrl: redis.url,
    publicKey: JSON.stringify(await exportJWK(publicKey)),
    signingKey: JSON.stringify(await exportJWK(privateKey)),
  };
  say("warm requests");
  const warm: Record<string, Pair[]> = {};
  const take = (rounds: Rounds) => {
    for (const [name, pairs] of Object.entries(rounds)) warm[name] = [...(warm[name] ?? []), ...pairs];
  };
  const bytes: Pair[] = [];
  const likeBytes: Pair[] = [];
  const likesEach: Pair[] = [];
  for (let process = 0; process < WARM_PROCESSES; process++) {
    take(await measure<Rounds>("warm-cache.ts", sandbox));
    const sessions = { ...sandbox, bundle: bundles.sessions.file };
    const measured = await measure<SessionsResult>("warm-sessions.ts", sessions);
    take(measured.rounds);
    const settings = { SESSIONS_TOUCH_SECONDS: "0" };
    const writing = await measure<SessionsResult>("warm-sessions.ts", { ...sessions, settings });
    take({ [WRITING]: writing.rounds[VERIFY] ?? [] });
    bytes.push(measured.bytes);
    take(await measure<Rounds>("warm-tokens.ts", { ...sandbox, bundle: bundles.tokens.file }));
    const locks = { bundle: bundles.locks.file, settings: { LIBRARY: bundles.locksLibrary.file } };
    take(await measure<Rounds>("warm-locks.ts", { ...sandbox, ...locks }));
    const library = { LIBRARY: bundles.likesLibrary.file };
    const likes = await measure<LikesResult>("warm-likes.ts", {
      ...sandbox,
      bundle: bundles.likes.file,
      settings: library,
    });
    take(likes.rounds);
    likeBytes.push(likes.bytes);
    likesEach.push(likes.perSecond);
  }
  say("cold starts");
  const cold = await measureCold(bundles, sandbox);
  say("memory over 100,000 requests");
  const { heap, rss } = await measure<MemoryResult>("memory.ts", sandbox, MEMORY_FLAGS);
  say("WAIT and TLS");
  const transport = await measureTransport();
  const failovers: Row[] = [];
  for (const kind of ["sentinel", "cluster"] as const) {
    say(`failovers, ${kind}`);
    const { firstWrite, p99 } = await measureFailover(kind);
    failovers.push(row(`${kind}, primary dies, first write after : of ioredis`, firstWrite, "ms"));
    failovers.push(row(`${kind}, primary dies, p99 until then : of ioredis`, p99, "ms"));
  }
  say("leaderboards of a million members");
  const settings = {
    TENANT: "bench-leaderboards",
    PLAIN: "bench-leaderboard-by-hand",
    LIBRARY: bundles.leaderboardsLibrary.file,
  };
  const leaderboards = { ...sandbox, bundle: bundles.leaderboards.file, settings };
  const eachMember = await measure<BytesResult>("leaderboards-memory.ts", leaderboards);
  for (let process = 0; process < WARM_PROCESSES; process++)
    take(await measure<Rounds>("warm-leaderboards.ts", leaderboards));
  await redis.stop(); // gives back the memory
  const large = await measureLarge(bundles.leaderboardsLibrary.file, say);

  const {
    GET = [],
    [VERIFY]: verify = [],
    [WRITING]: writing = [],
    [REFRESH]: refresh = [],
    [LOCK]: lock = [],
    [SUBMIT]: submit = [],
    [MEMBER]: member = [],
    [TOP]: top = [],
    [LIKE]: like = [],
    ...others
  } = warm;
  const { cache } = bundles;
  return [
    row("warm GET, p50 of the handler : of ioredis", GET, "µs", WARM_BOUND),
    row(`warm ${VERIFY}`, verify, "µs", WARM_BOUND),
    row(`warm ${WRITING}`, writing, "µs", WARM_BOUND),
    row(`warm ${REFRESH}`, refresh, "µs", WARM_BOUND),
    row(`warm ${LOCK}`, lock, "µs", LOCK_BOUND),
    row(`warm ${SUBMIT}`, submit, "µs", WARM_BOUND),
    row(`warm ${MEMBER}`, member, "µs", WARM_BOUND),
    row(`warm ${TOP}`, top, "µs", WARM_BOUND),
    row(`warm ${LIKE}`, like, "µs", WARM_BOUND),
    row(
      "memory of Redis for a member, ties by member : in a sorted set",
      [eachMember.member],
      "B",
      BYTES_BOUNDS.member,
    ),
    row(
      "memory of Redis for a member, first before others : in a sorted set",
      [eachMember.first],
      "B",
      BYTES_BOUNDS.first,
    ),
    row("memory of Redis for a session : for a JSON blob and a set", bytes, "B"),
    row("memory of Redis for a like, the lists of users included : in two sets", likeBytes, "B"),
    row("likes a second on one subject by 50 callers : asked for", likesEach, "/s"),
    row("cold, loading the bundle : one of only ioredis", cold, "ms", COLD_BOUND),
    {
      what: "bundle of the cache function : its limit",
      subject: `${(cache.bytes / 1024).toFixed(0)} KiB`,
      baseline: `${BUNDLE_BOUND_BYTES / 1024} KiB`,
      ratio: cache.bytes / BUNDLE_BOUND_BYTES,
      bound: 1,
    },
    row("heap after 100,000 requests : at best", [pair(heap)], "MiB", MEMORY_BOUND),
    row("resident memory after 100,000 requests : at best", [pair(rss)], "MiB", MEMORY_BOUND),
    ...Object.entries(others).map(([name, rounds]) => row(`warm ${name}, for information`, rounds, "µs")),
    ...Object.entries(transport).map(([name, rounds]) => row(name, rounds, "µs")),
    ...failovers,
    ...large.flatMap(rowsOf),
    ...growthRows(large),
  ];
}

function pair({ lowest, last }: MemoryResult["heap"]): Pair {
  return { subject: last, baseline: lowest };
}

function say(what: string): void {
  process.stderr.write(`Measuring ${what} ...\n`);
}

try {
  const engine = execFileSync(await findEngine(), ["--version"], { encoding: "utf8" });
  const rows = await run();
  const [, version] = /v=(\S+)/.exec(engine) ?? [];
  const product = /valkey/i.test(engine) ? "Valkey" : "Redis";
  const processors = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${processors.length} x ${processors[0]?.model}${apart ? ", one of them for Redis" : ""}`;
  console.log(`${day}, Node ${process.version}, ${product} ${version}, ${machine}; medians
`);
  console.log(format(rows));
  process.exitCode = rows.some(isOver) ? 1 : 0;
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true });
}
