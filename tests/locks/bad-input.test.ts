import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, type Granted } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment: { LOCKS_HEARTBEAT_SECONDS: "60" } });
const { acquire, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

let kept: Granted;
let ticket: string;
let before: string;
beforeAll(async () => {
  kept = await take("kept", { owner: "kept", ttlSeconds: 3600 });
  ticket = await queueUp("kept");
  await take("other", { ttlSeconds: 3600 });
  before = await everything();
});

/** All that there is of the tenant, but for what passes by itself. */
async function everything(): Promise<string> {
  const keys = (await keysOf(raw, `${sandbox.tenant}:*`)).filter((key) => !/wake|outcome/.test(key)).sort();
  const values = keys.map(async (key) => {
    const type = await raw.type(key);
    if (type === "zset") return raw.zrange(key, "0", "-1", "WITHSCORES");
    return type === "hash" ? raw.hgetall(key) : raw.get(key);
  });
  return JSON.stringify([keys, await Promise.all(values)]);
}

const post = (body: string, path = "/v1/locks/new") =>
  sandbox.api("POST", path, { body, headers: { "content-type": "application/json" } });
const FOREIGN = `x${"A".repeat(43)}`;

test.each<[string, object | string]>([
  ["no time", {}],
  ["a time of nothing", { ttlSeconds: 0 }],
  ["a negative time", { ttlSeconds: -1 }],
  ["half a second", { ttlSeconds: 0.5 }],
  ["a time in text", { ttlSeconds: "30" }],
  ["a time that is null", { ttlSeconds: null }],
  ["a time beyond a day", { ttlSeconds: 86_401 }],
  ["a time beyond what is set", { ttlSeconds: 3601 }],
  ["a time beyond every number", '{"ttlSeconds":1e999}'],
  ["a time that is NaN", '{"ttlSeconds":NaN}'],
  ["a wait over 20 seconds", { ttlSeconds: 1, waitSeconds: 21 }],
  ["a negative wait", { ttlSeconds: 1, waitSeconds: -1 }],
  ["no permits", { ttlSeconds: 1, permits: 0 }],
  ["negative permits", { ttlSeconds: 1, permits: -1 }],
  ["permits over 1000", { ttlSeconds: 1, permits: 1001 }],
  ["half a permit", { ttlSeconds: 1, permits: 1.5 }],
  ["another mode", { ttlSeconds: 1, mode: "read" }],
  ["an empty owner", { ttlSeconds: 1, owner: "" }],
  ["an owner of 257 bytes", { ttlSeconds: 1, owner: "o".repeat(257) }],
  ["an owner with NUL", { ttlSeconds: 1, owner: "a\0" }],
  ["an owner with a lone surrogate", '{"ttlSeconds":1,"owner":"\\ud800"}'],
  ["an empty ticket", { ttlSeconds: 1, ticket: "" }],
  ["a ticket that is too short", { ttlSeconds: 1, ticket: "xabc" }],
  ["a ticket of another kind", { ttlSeconds: 1, ticket: `y${"A".repeat(43)}` }],
  ["a ticket with something behind it", { ttlSeconds: 1, ticket: `${FOREIGN}\n` }],
  ["an unknown field", { ttlSeconds: 1, ttl: 1 }],
  ["a fencing token of one's own", { ttlSeconds: 1, fencingToken: 1 }],
  ["__proto__", '{"ttlSeconds":1,"__proto__":{}}'],
  ["an array", "[]"],
  ["no JSON", "{"],
])("%s is refused, and changes nothing", async (_, body) => {
  const answer = await post(typeof body === "string" ? body : JSON.stringify(body));
  expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect(await everything()).toBe(before);
});

test.each([
  ["of 257 bytes", "n".repeat(257)],
  ["of 86 three-byte characters", encodeURIComponent("€".repeat(86))],
  ["with NUL", "%00"],
  ["that is empty", ""],
  ["that ends with a slash", "a%2F"],
  ["that begins with a slash", "%2Fa"],
  ["with an empty part", "a//b"],
  ["that is a dot", "."],
  ["with two dots for a part", "a/%2E%2E/b"],
])("a name %s is refused by every operation, and changes nothing", async (_, name) => {
  const headers = { "lock-token": FOREIGN };
  for (const [method, options] of [
    ["POST", { body: { ttlSeconds: 1 } }],
    ["PUT", { body: { ttlSeconds: 1 }, headers }],
    ["DELETE", { headers }],
    ["GET", {}],
  ] as const)
    expect(outcomeOf(await sandbox.api(method, `/v1/locks/${name}`, options))).toBe("400 invalid_request");
  expect(await everything()).toBe(before);
});

test("`batch` is the name of no lock", async () => {
  expect(outcomeOf(await get("batch"))).toBe("400 invalid_request");
  expect(outcomeOf(await release("batch", FOREIGN))).toBe("400 invalid_request");
  const list = await post('{"ttlSeconds":1,"names":["batch"]}', "/v1/locks/batch");
  expect(list.json.errors).toMatchObject([{ path: "body.names.0", message: "must not be `batch`" }]);
});

test.each<[string, unknown]>([
  ["none", []],
  ["seventeen", Array.from({ length: 17 }, (_, index) => `g/${index}`)],
  ["a text", "g/a"],
  ["a number among them", ["g/a", 5]],
  ["null", null],
])("names that are %s are refused, and change nothing", async (_, names) => {
  const answer = await post(JSON.stringify({ ttlSeconds: 1, names }), "/v1/locks/batch");
  expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect(await everything()).toBe(before);
});

test.each(["", "abc", `x${"A".repeat(44)}`, `x${"+".repeat(43)}`, `${FOREIGN},${FOREIGN}`])(
  "the lock token `%s` is refused as none",
  async (token) => {
    expect(outcomeOf(await extend("kept", token))).toBe("400 invalid_request");
    expect(outcomeOf(await release("kept", token))).toBe("400 invalid_request");
    expect(await everything()).toBe(before);
  },
);

test("without a token nothing is extended or given up", async () => {
  for (const [method, options] of [
    ["PUT", { body: { ttlSeconds: 1 } }],
    ["DELETE", {}],
  ] as const)
    expect(outcomeOf(await sandbox.api(method, "/v1/locks/kept", options))).toBe("400 invalid_request");
});

test("a token that was made up, or is another lock's, holds nothing here and changes nothing", async () => {
  for (const token of [FOREIGN, FOREIGN.replace("x", "s"), kept.token.replace("x", "s")]) {
    expect(outcomeOf(await extend("kept", token))).toBe("409 lock_lost");
    expect(outcomeOf(await release("kept", token))).toBe("409 lock_lost");
  }
  for (const token of [kept.token, ticket]) {
    expect(outcomeOf(await extend("other", token))).toBe("409 lock_lost");
    expect(outcomeOf(await release("other", token))).toBe("409 lock_lost");
  }
  expect(await everything()).toBe(before);
});

test("a ticket that was made up, or is another lock's, has no place here and changes nothing", async () => {
  for (const mine of [ticket, kept.token, FOREIGN])
    for (const name of ["other", "free", "kept/part"])
      expect(outcomeOf(await acquire(name, { ticket: mine }))).toBe("409 ticket_lost");
  expect(await everything()).toBe(before);
});

test("another number of permits is refused, and changes nothing", async () => {
  const { token } = await take("permits", { permits: 2 });
  const now = await everything();
  expect(outcomeOf(await acquire("permits", { permits: 3 }))).toBe("409 permits_mismatch");
  expect(await everything()).toBe(now);
  await release("permits", token);
});

test("another tenant has other locks of the same names", async () => {
  const stranger = createCaller(sandbox.apiOf(uniqueTenant()));
  expect((await stranger.get("kept")).json).toMatchObject({ holding: 0, waiting: 0 });
  expect(outcomeOf(await stranger.release("kept", kept.token))).toBe("409 lock_lost");
  expect(outcomeOf(await stranger.acquire("kept", { ticket }))).toBe("409 ticket_lost");
  const { token } = await stranger.take("kept");
  await stranger.release("kept", token);
  expect((await get("kept")).json).toMatchObject({ holding: 1, waiting: 1, holders: [{ owner: "kept" }] });
});
