import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards } from "../composition.ts";
import { createCaller } from "./caller.ts";
import { createStored } from "./stored.ts";

const sandbox = composeLeaderboards(inject("redisUrl"));
const { begin, submit, lines } = createCaller(sandbox.api);
const stored = createStored(sandbox.tenant);
afterAll(async () => {
  stored.redis.disconnect();
  await sandbox.connection.close();
});

let before: unknown;
beforeAll(async () => {
  await begin("board", { windows: ["all", "daily"], update: "sum" });
  await submit("board", [{ member: "kept", score: 1, metadata: { a: 1 } }]);
  await begin("parts", { partitions: 3, ranking: "dense" }, [1, 2]);
  await lines("parts"); // follows what is left to follow
  before = await stored.everything();
});
/** Whatever is refused writes nothing and makes nothing. */
afterEach(async () => {
  const was = before;
  before = await stored.everything(); // what one has written is not held against the next
  expect(before).toEqual(was);
});

/** What is sent as it is written: JSON.stringify would not let everything pass. */
const send = (method: string, path: string, body: object | string, headers: Record<string, string> = {}) =>
  sandbox.api(method, path, {
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
const one = (more: object) => ({ entries: [{ member: "a", score: 1, ...more }] });

test.each<[string, object | string, string]>([
  ["a zone of another world", { timeZone: "Mars/Olympus" }, "body.timeZone"],
  ["a zone that is an offset", { timeZone: "+01:00" }, "body.timeZone"],
  ["a zone that is an abbreviation", { timeZone: "BST" }, "body.timeZone"],
  ["an empty zone", { timeZone: "" }, "body.timeZone"],
  ["no windows", { windows: [] }, "body.windows"],
  ["a window twice", { windows: ["all", "daily", "all"] }, "body.windows"],
  ["a window that nobody knows", { windows: ["all", "hourly"] }, "body.windows.1"],
  ["a window that is no list", { windows: "all" }, "body.windows"],
  ["no partitions", { partitions: 0 }, "body.partitions"],
  ["257 partitions", { partitions: 257 }, "body.partitions"],
  ["a partition and a half", { partitions: 1.5 }, "body.partitions"],
  ["partitions in text", { partitions: "2" }, "body.partitions"],
  ["101 past windows", { pastWindows: 101 }, "body.pastWindows"],
  ["less than no past windows", { pastWindows: -1 }, "body.pastWindows"],
  ["no capacity", { capacity: 0 }, "body.capacity"],
  ["a capacity that is null", { capacity: null }, "body.capacity"],
  ["a capacity beyond every number", '{"capacity":1e400}', "body.capacity"],
  ["an order that nobody knows", { order: "up" }, "body.order"],
  ["an update that nobody knows", { update: "avg" }, "body.update"],
  ["ties that nobody knows", { ties: "random" }, "body.ties"],
  ["a ranking that nobody knows", { ranking: "1234" }, "body.ranking"],
  ["an unknown field", { name: "x" }, "body"],
  ["a list", [], "body"],
  ["nothing", "", "body"],
])("no board is made or changed with %s", async (_, body, path) => {
  for (const board of ["new", "board"]) {
    const answer = await send("PUT", `/v1/leaderboards/${board}`, body);
    expect([outcomeOf(answer), answer.json.errors?.[0].path]).toEqual(["400 invalid_request", path]);
  }
});

const names = [
  "",
  "%2F",
  "a%2Fb",
  "%7B%7D",
  "a%20b",
  ".",
  "..",
  "%2E%2E",
  "%00",
  "%ED%A0%80",
  "%zz",
  "b%C3%BC",
];
test.each([...names, "n".repeat(129)])("no board is named %j", async (name) => {
  const requests: [string, string, object?][] = [
    ["PUT", "", {}],
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/scores", one({})],
    ["GET", "/ranks"],
    ["GET", "/members/a"],
    ["DELETE", "/members/a"],
    ["POST", "/members/batch-get", { members: ["a"] }],
  ];
  for (const [method, path, body] of requests) {
    const answer = await sandbox.api(method, `/v1/leaderboards/${name}${path}`, body ? { body } : {});
    expect(outcomeOf(answer), `${method} ${path}`).toBe("400 invalid_request");
  }
});
