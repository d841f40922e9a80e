import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { createManagedCache } from "../../lib/aws/elasticache-management.ts";
import { parseConfig } from "../../lib/config.ts";
import { connect } from "../../lib/redis/connect.ts";
import { sentryKeys } from "../../lib/redis/keys.ts";
import { createDailySnapshot } from "../../lib/sentry/daily-snapshot.ts";
import { type AwsReply, stubAws } from "../aws/aws-endpoint.ts";
import { EMPTY_PAGES, refusal } from "../aws/elasticache-answers.ts";
import { bareClient, environmentFor } from "../provided-redis.ts";
import { elasticache, snapshotsAsked } from "./snapshot-answers.ts";

const MORNING = new Date("2026-11-22T00:01:00Z");
const later = (minutes: number) => new Date(MORNING.getTime() + minutes * 60_000);

/** One for each test, so that none finds what another has claimed. */
let id: string;
const opened: { close(): Promise<void> }[] = [];
let server: RunningRedis | undefined;

beforeEach(() => {
  id = `cache-${randomUUID()}`;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
  await server?.stop();
  server = undefined;
});

/** As a sandbox of its own has it. */
function sandbox(redisUrl = inject("redisUrl"), { managed = true, deadlineMs = 5000 } = {}) {
  const log = { info() {}, warn() {} };
  const connection = connect(
    parseConfig({ ...environmentFor(redisUrl), REDIS_DEADLINE_MS: String(deadlineMs) }),
    {
      log: () => log,
    },
  );
  opened.push(connection);
  return createDailySnapshot(connection, managed ? createManagedCache(id, { timeoutMs: 1000 }) : undefined);
}

/** As if ten minutes were over: the claim of that day has ended. */
async function endClaim(day = "2026-11-22"): Promise<void> {
  const redis = bareClient();
  await redis.del(sentryKeys.snapshot(id, day));
  redis.disconnect();
}

test("one is taken a day, under the name of the day, and looked after until it is there", async () => {
  const calls = await stubAws(elasticache());
  const { run } = sandbox();
  expect(await run(MORNING)).toBe("created");
  for (const minutes of [1, 9]) expect(await run(later(minutes))).toBe("settled");
  await endClaim();
  expect(await run(later(10))).toBe("available");
  await endClaim();
  for (const minutes of [11, 600, 1438]) expect(await run(later(minutes))).toBe("settled");
  expect(await run(later(1440))).toBe("created");
  expect(new Set(snapshotsAsked(calls))).toEqual(new Set([`${id}-2026-11-22`, `${id}-2026-11-23`]));
});

test("the name is in small letters, as ElastiCache keeps the cache's", async () => {
  id = `Orders-${randomUUID()}`;
  const calls = await stubAws(elasticache());
  await sandbox().run(MORNING);
  expect(snapshotsAsked(calls)).toEqual([`${id.toLowerCase()}-2026-11-22`]);
});

test("ten sandboxes at once take one, and so does one that starts later", async () => {
  const calls = await stubAws(elasticache());
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => sandbox().run(MORNING)));
  expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === "settled")).toHaveLength(9);
  expect(await sandbox().run(later(9))).toBe("settled");
  expect(snapshotsAsked(calls)).toHaveLength(1);
});

test("the claim ends: after ten minutes unless the snapshot is there, after two days when it is", async () => {
  const redis = bareClient();
  const key = sentryKeys.snapshot(id, "2026-11-22");
  await stubAws(elasticache());
  expect(await sandbox().run(MORNING)).toBe("created");
  expect(await redis.get(key)).toBe("claimed");
  expect(await redis.pttl(key)).toBeGreaterThan(500_000);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(600_000);
  await redis.del(key);
  expect(await sandbox().run(MORNING)).toBe("available");
  expect(await redis.get(key)).toBe("available");
  expect(await redis.pttl(key)).toBeGreaterThan(172_000_000);
  redis.disconnect();
});

describe("a snapshot", () => {
  /** What every ten minutes come to, each in a sandbox of its own. */
  async function everyTenMinutes(times: number): Promise<string[]> {
    const outcomes: string[] = [];
    for (let nth = 0; nth < times; nth++) {
      const looked = sandbox().run(later(nth * 10));
      outcomes.push(await looked.catch((error: Error) => error.message));
      await endClaim();
    }
    return outcomes;
  }

  test("that takes an hour is waited for, and no second one is begun", async () => {
    let looks = 0;
    const calls = await stubAws(elasticache({ becomes: () => (++looks < 6 ? "creating" : "available") }));
    expect(await everyTenMinutes(7)).toEqual(["created", ...Array(5).fill("creating"), "available"]);
    expect(new Set(snapshotsAsked(calls)).size).toBe(1);
  });

  test.each(["failed", "deleting"])("that is %s half way is replaced by another", async (status) => {
    const failed = `${id}-2026-11-22`;
    const calls = await stubAws(elasticache({ becomes: (name) => (name === failed ? status : "available") }));
    expect(await everyTenMinutes(3)).toEqual(["created", "created", "available"]);
    expect([...new Set(snapshotsAsked(calls))]).toEqual([failed, `${failed}-2`]);
  });

  test("that fails is tried three times, and then every look says so", async () => {
    const calls = await stubAws(elasticache({ becomes: () => "failed" }));
    const last = "3 snapshots of the day failed";
    expect(await everyTenMinutes(5)).toEqual(["created", "created", "created", last, last]);
    expect(new Set(snapshotsAsked(calls)).size).toBe(3);
  });

  test("is there while it is copied or restored from", async () => {
    let status = "copying";
    await stubAws(elasticache({ becomes: () => status }));
    expect(await everyTenMinutes(2)).toEqual(["created", "available"]);
    status = "restoring";
    expect(await everyTenMinutes(1)).toEqual(["available"]);
  });
});

test("a clock that was a year ahead for a while keeps nothing from being taken", async () => {
  const calls = await stubAws(elasticache());
  const { run } = sandbox();
  expect(await run(later(365 * 1440))).toBe("created");
  expect(await run(MORNING)).toBe("created");
  expect(snapshotsAsked(calls)).toEqual([`${id}-2027-11-22`, `${id}-2026-11-22`]);
});

test("where ElastiCache takes them itself, it is asked once a day and no more", async () => {
  const calls = await stubAws(elasticache({ retentionDays: 7 }));
  const { run } = sandbox();
  expect(await run(MORNING)).toBe("automatic");
  for (let minute = 1; minute < 60; minute++) expect(await run(later(minute))).toBe("settled");
  expect(calls.map(({ action }) => action)).toEqual(["DescribeReplicationGroups"]);
});

test("a Redis that is none of ElastiCache's is left alone", async () => {
  const calls = await stubAws(elasticache());
  expect(await sandbox(inject("redisUrl"), { managed: false }).run(MORNING)).toBe("not_managed");
  expect(calls).toEqual([]);
});

test.each<[string, AwsReply, RegExp]>([
  ["is busy", refusal(400, "InvalidReplicationGroupState"), /busy/],
  ["has too many", refusal(400, "SnapshotQuotaExceededFault"), /quota/],
  ["says that the role may not", refusal(403, "AccessDenied"), /ELASTICACHE_ID: AWS refused/],
  ["says nothing", "nothing", /no answer in time/],
])("when ElastiCache %s there is another try ten minutes later", async (_, trouble, reason) => {
  const answer = elasticache();
  let isTroubled = true;
  const calls = await stubAws((call) =>
    isTroubled && call.action === "CreateSnapshot" ? trouble : answer(call),
  );
  const { run } = sandbox();
  await expect(run(MORNING)).rejects.toThrow(reason);
  const asked = snapshotsAsked(calls).length;
  expect(await run(later(1))).toBe("settled");
  expect(await sandbox().run(later(1))).toBe("settled");
  expect(snapshotsAsked(calls)).toHaveLength(asked);
  isTroubled = false;
  await endClaim();
  expect(await run(later(11))).toBe("created");
});

describe.each<[string, AwsReply]>([
  ["is busy with it", refusal(400, "InvalidReplicationGroupState")],
  ["gave no answer", "reset"],
  ...EMPTY_PAGES,
])("when ElastiCache %s", (_, trouble) => {
  const answer = elasticache({ becomes: () => status });
  let status: string;
  const troubled = () =>
    stubAws((call) => {
      const reply = answer(call);
      return call.action === "CreateSnapshot" ? trouble : reply;
    });

  test.each(["creating", "available"])("and the snapshot is %s, that is known", async (stage) => {
    status = stage;
    const calls = await troubled();
    expect(await sandbox().run(MORNING)).toBe(stage);
    expect(snapshotsAsked(calls)).toEqual([`${id}-2026-11-22`]);
  });
});

test("where a failover lost the claim, ElastiCache refuses the second of the same name", async () => {
  const calls = await stubAws(elasticache());
  await sandbox().run(MORNING);
  await endClaim();
  expect(await sandbox().run(later(5))).toBe("available");
  expect(snapshotsAsked(calls)).toEqual([`${id}-2026-11-22`, `${id}-2026-11-22`]);
});

test.each<[string, () => Promise<string>]>([
  [
    "is full",
    async () => {
      server = await startRedis({ config: ["maxmemory 1"] });
      return server.url;
    },
  ],
  [
    "does not let us write",
    async () => {
      server = await startRedis({ config: ["user default on nopass ~* +@all -set"] });
      return server.url;
    },
  ],
  ["is away", async () => "redis://127.0.0.1:1"],
])("where Redis %s, a snapshot is taken all the same, once", async (_, redisUrl) => {
  const calls = await stubAws(elasticache());
  const url = await redisUrl();
  const impatient = { deadlineMs: 300 };
  const outcomes = [await sandbox(url, impatient).run(MORNING), await sandbox(url, impatient).run(later(1))];
  expect(outcomes).toEqual(["created", "available"]);
  expect(new Set(snapshotsAsked(calls))).toEqual(new Set([`${id}-2026-11-22`]));
});
