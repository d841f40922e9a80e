import { describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";
import { one, refuseAll } from "./refusing.ts";

const { put, get, submit, sandbox, send, accept } = refuseAll();
const BOARD = "/v1/leaderboards/board";
const raw = (score: string) => `{"entries":[{"member":"a","score":${score}}]}`;
const SCORE = "body.entries.0.score";
const MEMBER = "body.entries.0.member";
const METADATA = "body.entries.0.metadata";

describe.each(["board", "parts"])("no score is written to the %s with", (board) => {
  test.each<[string, object | string, string]>([
    ["a score that is NaN", raw("NaN"), "body"],
    ["a score that is Infinity", raw("Infinity"), "body"],
    ["a score that is -Infinity", raw("-Infinity"), "body"],
    ["a score in hexadecimal", raw("0x10"), "body"],
    ["a score of 1e400", raw("1e400"), SCORE],
    ["a score of -1e400", raw("-1e400"), SCORE],
    ["a score of 400 digits", raw("9".repeat(400)), SCORE],
    ["a score in text", one({ score: "1" }), SCORE],
    ["a score that is null", one({ score: null }), SCORE],
    ["a score that is true", one({ score: true }), SCORE],
    ["a score that is a list", one({ score: [1] }), SCORE],
    ["no score", { entries: [{ member: "a" }] }, SCORE],
    [
      "a second score that is none",
      { entries: [...one({}).entries, { member: "b" }] },
      "body.entries.1.score",
    ],
    ["no member", { entries: [{ score: 1 }] }, MEMBER],
    ["a member that is empty", one({ member: "" }), MEMBER],
    ["a member that is a number", one({ member: 5 }), MEMBER],
    ["a member of 257 bytes", one({ member: "m".repeat(257) }), MEMBER],
    ["a member of 86 three-byte characters", one({ member: "€".repeat(86) }), MEMBER],
    ["NUL in the member", one({ member: "a\0" }), MEMBER],
    ["a lone surrogate in the member", '{"entries":[{"member":"a\\ud800","score":1}]}', MEMBER],
    ["a member that no path can name: .", one({ member: "." }), MEMBER],
    ["a member that no path can name: ..", one({ member: ".." }), MEMBER],
    ["no entries", { entries: [] }, "body.entries"],
    ["101 entries", { entries: Array(101).fill(one({}).entries[0]) }, "body.entries"],
    ["entries that are no list", { entries: { member: "a", score: 1 } }, "body.entries"],
    ["nothing of it", {}, "body.entries"],
    ["metadata over 1 KiB", one({ metadata: { a: "x".repeat(1017) } }), METADATA],
    ["metadata over 1 KiB of UTF-8", one({ metadata: { a: "ü".repeat(512) } }), METADATA],
    ["metadata that are a list", one({ metadata: [] }), METADATA],
    ["metadata that are a text", one({ metadata: "{}" }), METADATA],
    ["metadata that are a number", one({ metadata: 1 }), METADATA],
    ["metadata with 1e400", raw('1,"metadata":{"a":1e400}'), METADATA],
    ["metadata with -1e400, deep in a list", raw('1,"metadata":{"a":[{"b":-1e400}]}'), METADATA],
    ["an unknown field", { ...one({}), ttl: 5 }, "body"],
    ["an unknown field of an entry", one({ rank: 1 }), "body.entries.0"],
    ["__proto__ in an entry", raw('1,"__proto__":{}'), "body.entries.0"],
    ["a list", [], "body"],
    ["null", "null", "body"],
    ["half a JSON", '{"entries":[', "body"],
    ["nothing", "", "body"],
  ])("%s", async (_, body, path) => {
    const answer = await send("POST", `/v1/leaderboards/${board}/scores`, body);
    expect([outcomeOf(answer), answer.json.errors?.[0].path]).toEqual(["400 invalid_request", path]);
  });
});

const bare = ["", '"', '""', "a b", "a,b", '"a', "ä", `"${"k".repeat(256)}"`, '"a\\b"', '"a", "b"', "a\tb"];
test.each(bare)("the idempotency key %j is none", async (key) => {
  const answer = await send("POST", `${BOARD}/scores`, one({}), { "idempotency-key": key });
  expect([outcomeOf(answer), answer.json.errors?.[0].path]).toEqual([
    "400 invalid_request",
    "headers.idempotency-key",
  ]);
});

test("a sum beyond all doubles is refused with all entries of the call", async () => {
  const entries = [{ member: "a", score: 1 }, ...Array(2).fill({ member: "b", score: 1.7e308 })];
  expect(outcomeOf(await submit("board", entries))).toBe("409 score_overflow");
});

test("a body over its limit is refused before anybody reads it", async () => {
  const answer = await send("POST", `${BOARD}/scores`, `{"entries":[${" ".repeat(1_048_576)}]}`);
  expect(outcomeOf(answer)).toBe("413 body_too_large");
});

test("behind a gateway that cuts paths at a question mark no member may have one", async () => {
  const environment = { RAW_PATH_DECODED: "true" };
  const other = composeLeaderboards(inject("redisUrl"), { tenant: sandbox.tenant, environment });
  const answer = await createCaller(other.api).submit("board", [{ member: "ann?x", score: 1 }]);
  expect([outcomeOf(answer), answer.json.errors[0].path]).toEqual(["400 invalid_request", MEMBER]);
  await other.connection.close();
});

test("metadata come back as they were sent, whatever their names", async () => {
  const text = '{"__proto__":{"a":1},"constructor":null,"":[],"\\ud800":"\\udfff","n":-0.5e-7}';
  await send("PUT", "/v1/leaderboards/names", {});
  const body = raw(`1,"metadata":${text}`);
  expect((await send("POST", "/v1/leaderboards/names/scores", body)).status).toBe(200);
  const page = await sandbox.api("GET", "/v1/leaderboards/names/ranks");
  expect(JSON.stringify(page.json.entries[0].metadata)).toBe(JSON.stringify(JSON.parse(text)));
  await accept();
});

test("what is at the very bounds is allowed", async () => {
  const name = `${"-._~:@aZ9".repeat(14)}xy`;
  const settings = {
    windows: ["monthly", "all"],
    pastWindows: 100,
    capacity: 1_000_000_000,
    partitions: 256,
  };
  expect((await put(name, { ...settings, timeZone: "America/Argentina/ComodRivadavia" })).status).toBe(201);
  const members = ["m".repeat(256), "€".repeat(85), "a/b?c#d%20", "batch-get", "{}:", " ", "...", "𝄞"];
  const scores = [1.7976931348623157e308, -5e-324, 0, -0, 2 ** 53, -(2 ** 53), 0.1, 1e21];
  const entries = members.map((member, at) => {
    return { member, score: scores[at] ?? 0, metadata: { a: "x".repeat(1016) } };
  });
  expect((await submit(name, entries, { "idempotency-key": `"${"k".repeat(255)}"` })).status).toBe(200);
  const page = (await sandbox.api("GET", `/v1/leaderboards/${name}/ranks`)).json.entries;
  const sorted = entries.toSorted((a, b) => b.score - a.score);
  expect(
    page.map(({ member, score, metadata }: object & (typeof entries)[0]) => ({ member, score, metadata })),
  ).toEqual(sorted.map((entry) => ({ ...entry, score: entry.score + 0 })));
  expect((await get(name)).json.counts).toEqual({ all: 8, monthly: 8 });
  await accept();
});
