import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { type Begun, createCaller } from "./caller.ts";

const sandbox = composeSessions(inject("redisUrl"));
const { create, begin, get, patch, verify, endAll } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

let kept: Begun;
let keysBefore: string[];
beforeAll(async () => {
  kept = await begin("kept", { data: { a: 1 } });
  keysBefore = await keysOfTenant();
});

async function keysOfTenant(): Promise<string[]> {
  return (await keysOf(raw, `${sandbox.tenant}:*`)).sort();
}

/** What is sent as it is written: JSON.stringify would not let everything pass. */
const post = (body: string, path = "/v1/sessions") =>
  sandbox.api("POST", path, { body, headers: { "content-type": "application/json" } });
const YEAR = 31_536_000;

test.each<[string, object | string]>([
  ["no user", {}],
  ["an empty user", { userId: "" }],
  ["a user of 257 bytes", { userId: "u".repeat(257) }],
  ["a user of 86 three-byte characters", { userId: "€".repeat(86) }],
  ["NUL in the user", { userId: "a\0b" }],
  ["a lone surrogate in the user", '{"userId":"\\ud800"}'],
  ["a user that is a number", { userId: 5 }],
  ["an empty device", { userId: "new", device: "" }],
  ["a device that is null", { userId: "new", device: null }],
  ["a device of 257 bytes", { userId: "new", device: "d".repeat(257) }],
  ["no idle time", { userId: "new", idleSeconds: 0 }],
  ["a negative idle time", { userId: "new", idleSeconds: -1 }],
  ["half a second", { userId: "new", idleSeconds: 0.5 }],
  ["an idle time over a year", { userId: "new", idleSeconds: YEAR + 1, absoluteSeconds: YEAR }],
  ["a life over a year", { userId: "new", absoluteSeconds: YEAR + 1 }],
  ["no life", { userId: "new", absoluteSeconds: 0 }],
  ["a life that is NaN", '{"userId":"new","absoluteSeconds":NaN}'],
  ["a life beyond every number", '{"userId":"new","absoluteSeconds":1e999}'],
  ["a life in text", { userId: "new", absoluteSeconds: "60" }],
  ["a life that is null", { userId: "new", absoluteSeconds: null }],
  ["an idle time longer than the life", { userId: "new", idleSeconds: 61, absoluteSeconds: 60 }],
  ["an idle time longer than the life that is set", { userId: "new", idleSeconds: 2_592_001 }],
  ["data that are an array", { userId: "new", data: [] }],
  ["data that are null", { userId: "new", data: null }],
  ["data that are a text", { userId: "new", data: "{}" }],
  ["data over 32 KiB", { userId: "new", data: { a: "x".repeat(32_768 - 7) } }],
  ["data over 32 KiB of UTF-8", { userId: "new", data: { a: "ü".repeat(16_384) } }],
  ["an unknown field", { userId: "new", ttl: 5 }],
  ["__proto__ beside the user", '{"userId":"new","__proto__":{}}'],
  ["constructor beside the user", '{"userId":"new","constructor":1}'],
  ["an array", []],
  ["null", "null"],
  ["no JSON", "{"],
  ["nothing", ""],
])("no session begins with %s", async (_, body) => {
  const answer = await post(typeof body === "string" ? body : JSON.stringify(body));
  expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect(answer.json.errors.length).toBeGreaterThan(0);
  expect(await keysOfTenant()).toEqual(keysBefore);
});

test("lives from a second to a year are allowed", async () => {
  for (const seconds of [1, YEAR]) {
    const answer = await create({ userId: "bounds", idleSeconds: seconds, absoluteSeconds: seconds });
    expect(answer.status).toBe(201);
  }
  await endAll("bounds");
});

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

test.each<[string, string | Buffer]>([
  ["an array", "[]"],
  ["null", "null"],
  ["a number", "1"],
  ["a text", '"a"'],
  ["nothing", ""],
  ["no JSON", "{a:1}"],
  ["bytes that are no UTF-8", Buffer.from('{"\xff":1}', "latin1")],
  ["__proto__", '{"__proto__":{"a":2}}'],
  ["__proto__ that removes", '{"__proto__":null}'],
  ["__proto__, escaped", '{"\\u005f_proto__":1}'],
  ["constructor, deep", '{"b":{"constructor":{"prototype":1}}}'],
  ["prototype in an array", '{"b":[1,[{"prototype":1}]]}'],
  ["a name with a lone surrogate", '{"\\udfff":1}'],
  ["a name with a lone surrogate in an array", '{"b":[{"\\ud800":1}]}'],
  ["17 levels", deep(17)],
  ["ten thousand levels", deep(10_000)],
  ["ten thousand levels of arrays", `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
  ["a number beyond every number", '{"a":1e400}'],
  ["a number beyond every number, deep in an array", '{"b":[{"c":-1e400}]}'],
  ["more than 32 KiB", JSON.stringify({ b: "x".repeat(32_768) })],
])("a patch is refused and changes nothing: %s", async (_, body) => {
  expect(outcomeOf(await patch(kept.session.id, body))).toBe("400 invalid_request");
  expect((await get(kept.session.id)).json.session).toEqual(kept.session);
});

test("a body over 256 KiB is refused before anybody reads it", async () => {
  const answer = await patch(kept.session.id, `{"a":${" ".repeat(262_144)}1}`);
  expect(outcomeOf(answer)).toBe("413 body_too_large");
});

const tokens: [string, (token: string) => unknown][] = [
  ["empty", () => ""],
  ["a number", () => 5],
  ["null", () => null],
  ["too short", (token) => token.slice(0, -1)],
  ["too long", (token) => `${token}A`],
  ["padded", (token) => `${token}=`],
  ["of three parts", (token) => `${token}.A`],
  ["an id alone", (token) => token.split(".")[0]],
  ["a secret alone", (token) => token.split(".")[1]],
  ["in the other base64", (token) => token.replace(/.$/, "+")],
  ["with a space", (token) => ` ${token}`],
  ["with a new line", (token) => `${token}\n`],
  ["with other last bits", (token) => token.replace(/.$/, "B")],
  ["with a colon", (token) => token.replace(/^./, ":")],
  ["in capitals", (token) => token.toUpperCase()],
];

test.each(tokens)("a token that is %s is refused", async (_, spoil) => {
  const answer = await sandbox.api("POST", "/v1/sessions/verify", { body: { token: spoil(kept.token) } });
  expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect((await verify(kept.token)).status).toBe(200);
});

test.each(["short", `${"a".repeat(40)}}`, "%00".repeat(40), "a".repeat(41), "users", "A".repeat(40)])(
  "what is no id is refused by every operation: %s",
  async (id) => {
    const path = `/v1/sessions/${id}`;
    const requests: [string, string][] = [
      ["GET", path],
      ["DELETE", path],
      ["POST", `${path}/rotate`],
      ["PATCH", `${path}/data`],
      ["DELETE", `/v1/sessions/users/kept?except=${id}`],
    ];
    for (const [method, target] of requests) {
      const [pathname = "", except] = target.split("?except=");
      const answer = await sandbox.api(method, pathname, {
        ...(method === "PATCH" && { body: {} }),
        ...(except && { query: { except } }),
      });
      expect(outcomeOf(answer), `${method} ${target}`).toBe("400 invalid_request");
    }
  },
);

test.each(["", "%00", "%ED%A0%80", "u".repeat(257)])(
  "the user %j has no list to read or to end",
  async (user) => {
    for (const method of ["GET", "DELETE"])
      expect(outcomeOf(await sandbox.api(method, `/v1/sessions/users/${user}`))).toBe("400 invalid_request");
  },
);
