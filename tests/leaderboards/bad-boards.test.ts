import { expect, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { one, refuseAll } from "./refusing.ts";

const { sandbox, send } = refuseAll();

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
