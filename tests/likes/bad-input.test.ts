import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Answer, outcomeOf } from "../api.ts";
import { composeLikes } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const environment = {
  LIKES_KINDS: JSON.stringify({
    post: { reactions: ["like", "love"] },
    article: { claps: 50 },
    view: { approximate: true },
  }),
};
const sandbox = composeLikes(inject("redisUrl"), { environment });
const { put, remove, get, users, liked, batchGet, trending, like } = createCaller(sandbox.api);
const client = bareClient();
beforeAll(() => like("post:1", "ann"));
afterAll(async () => {
  expect(await stored(), "none of it was written").toHaveLength(3);
  client.disconnect();
  await sandbox.connection.close();
});

const stored = () => keysOf(client, `${sandbox.tenant}:*`);
const long = "u".repeat(257);
const send = (method: string, path: string, body: string, type = "application/json") =>
  sandbox.api(method, path, { body, headers: { "content-type": type } });
const PUT = "/v1/likes/post:1/users/bob";

describe("is refused, and nothing is changed:", () => {
  test.each<[string, () => Promise<Answer>, string]>([
    ["a subject of 129 letters", () => put("s".repeat(129), "bob"), "path.subject"],
    ["a subject with a space", () => put("a b", "bob"), "path.subject"],
    ["a subject with a brace", () => put("a{b}", "bob"), "path.subject"],
    ["a subject with a slash", () => put("a/b", "bob"), "path.subject"],
    ["a subject in other letters", () => put("ü", "bob"), "path.subject"],
    ["no subject", () => put("", "bob"), "path.subject"],
    ["a subject that is a path: users", () => put("users", "bob"), "path.subject"],
    ["a subject that is a path: trending", () => put("trending", "bob"), "path.subject"],
    ["a subject that is a path: ..", () => put("..", "bob"), "path.subject"],
    ["a user of 257 letters", () => put("post:1", long), "path.user"],
    ["a user of 86 three-byte characters", () => put("post:1", "€".repeat(86)), "path.user"],
    ["no user", () => put("post:1", ""), "path.user"],
    ["a user that no path can name: .", () => put("post:1", "."), "path.user"],
    ["a user that no path can name: ..", () => put("post:1", ".."), "path.user"],
    ["a user with NUL", () => put("post:1", "a\0"), "path.user"],
    ["an unknown reaction", () => put("post:1", "bob", { reaction: "hate" }), "body.reaction"],
    ["a reaction of another kind", () => put("page", "bob", { reaction: "love" }), "body.reaction"],
    ["an empty reaction", () => put("post:1", "bob", { reaction: "" }), "body.reaction"],
    ["a reaction that is a number", () => put("post:1", "bob", { reaction: 5 }), "body.reaction"],
    ["two reactions at once", () => put("post:1", "bob", { reaction: "like love" }), "body.reaction"],
    [
      "a field of the script as a reaction",
      () => put("post:1", "bob", { reaction: ":partitions" }),
      "body.reaction",
    ],
    ["__proto__ as a reaction", () => put("post:1", "bob", { reaction: "__proto__" }), "body.reaction"],
    ["claps where nobody claps", () => put("post:1", "bob", { claps: 3 }), "body.claps"],
    ["51 of 50 claps", () => put("article:1", "bob", { claps: 51 }), "body.claps"],
    ["no claps at all", () => put("article:1", "bob", { claps: 0 }), "body.claps"],
    ["negative claps", () => put("article:1", "bob", { claps: -1 }), "body.claps"],
    ["half a clap", () => put("article:1", "bob", { claps: 1.5 }), "body.claps"],
    ["claps as a text", () => put("article:1", "bob", { claps: "3" }), "body.claps"],
    ["1e400 claps", () => send("PUT", "/v1/likes/article:1/users/bob", '{"claps":1e400}'), "body.claps"],
    ["an unknown field", () => put("post:1", "bob", { count: 99 }), "body"],
    ["a list", () => put("post:1", "bob", []), "body"],
    ["null", () => send("PUT", PUT, "null"), "body"],
    ["half a JSON", () => send("PUT", PUT, '{"reaction":'), "body"],
    [
      "to take back an unknown reaction",
      () => remove("post:1", "ann", { reaction: "hate" }),
      "body.reaction",
    ],
    ["to take back claps", () => remove("article:1", "ann", { claps: 1 }), "body"],
    ["101 subjects", () => batchGet(Array(101).fill("post:1")), "body.subjects"],
    ["no subjects", () => batchGet([]), "body.subjects"],
    ["one subject of many that is none", () => batchGet(["post:1", "a b"]), "body.subjects.1"],
    ["subjects of a user of 257 letters", () => batchGet(["post:1"], long), "body.user"],
    ["a count with a user of 257 letters", () => get("post:1", long), "query.user"],
    ["a count with an unknown parameter", () => get("post:1", "ann", { reaction: "like" }), "query"],
    ["101 rows", () => users("post:1", { limit: "101" }), "query.limit"],
    ["no rows", () => users("post:1", { limit: "0" }), "query.limit"],
    ["a cursor that is none", () => users("post:1", { cursor: "forged" }), "query.cursor"],
    ["101 likes", () => liked("ann", { limit: "101" }), "query.limit"],
    ["a cursor of no likes", () => liked("ann", { cursor: "forged" }), "query.cursor"],
    ["an unknown window", () => trending({ window: "year" }), "query.window"],
    ["101 that are trending", () => trending({ limit: "101" }), "query.limit"],
  ])("%s", async (_, run, path) => {
    const answer = await run();
    expect([outcomeOf(answer), answer.json.errors[0].path], answer.text).toEqual([
      "400 invalid_request",
      path,
    ]);
  });

  test("a body of another type, or too long", async () => {
    expect(outcomeOf(await send("PUT", PUT, "reaction=like", "application/x-www-form-urlencoded"))).toBe(
      "415 media_type_unsupported",
    );
    expect(outcomeOf(await send("PUT", PUT, `{"reaction":"${" ".repeat(262_144)}"}`))).toBe(
      "413 body_too_large",
    );
  });

  test.each(["users/../trending", "a%2Fb"])("a path that is none of ours: %s", async (path) => {
    expect((await sandbox.api("PUT", `/v1/likes/${path}`, {})).status).toBeGreaterThanOrEqual(400);
  });
});

test("names that other systems might stumble over are like any others", async () => {
  const tenant = `odd-${sandbox.tenant}`.slice(0, 64);
  const odd = createCaller(sandbox.apiOf(tenant));
  const names = ["constructor", "__proto__", "a:b:c", "post:", ":x", "~", "s".repeat(128), "...", "batch"];
  const people = ["__proto__", "a b", "ü/x?y#z", "{x}:y", "users", "u".repeat(256), "\n", "%2F"];
  for (const name of names) for (const user of people) expect((await odd.like(name, user)).mine).toBe("like");
  for (const name of names) {
    expect((await odd.users(name)).json.users.map(({ user }: never) => user).sort()).toEqual(
      people.toSorted(),
    );
  }
  for (const user of people) expect((await odd.liked(user)).json.likes).toHaveLength(names.length);
});
