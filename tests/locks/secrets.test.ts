import { hash } from "node:crypto";
import { afterAll, expect, inject, test } from "vitest";
import { composeLocks } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"));
const { acquire, take, queueUp, extend, release, get } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

async function dump(): Promise<string> {
  const found: unknown[] = [];
  for (const key of await keysOf(raw, `${sandbox.tenant}:*`)) {
    const type = await raw.type(key);
    const read = {
      hash: () => raw.hgetall(key),
      zset: () => raw.zrange(key, "0", "-1"),
      string: () => raw.get(key),
      stream: () => raw.xrange(key, "-", "+"),
    };
    found.push(key, await read[type as keyof typeof read]());
  }
  return JSON.stringify(found);
}

test("Redis has the SHA-256 of tokens, tickets and idempotency keys, and none of them", async () => {
  const { token } = await take("secret", { owner: "known to all" });
  const ticket = await queueUp("secret");
  await extend("secret", token);
  const key = "a key that nobody knows";
  const keyed = await acquire("secret", {}, { "idempotency-key": `"${key}"` });
  await release("secret", await queueUp("secret"));
  const everything = await dump();
  expect(everything).toContain("known to all");
  for (const each of [token, ticket, keyed.json.ticket]) {
    expect(everything).toContain(hash("sha256", each, "base64url"));
    expect(everything).not.toContain(each.slice(1));
  }
  expect(everything).not.toContain(key);
});

test("no token is like another, and reading a lock shows none", async () => {
  const held = await take("shown", { owner: "me" });
  const tickets = [await queueUp("shown"), await queueUp("shown")];
  expect(new Set([held.token, ...tickets]).size).toBe(3);
  const { text } = await get("shown");
  for (const each of [held.token, ...tickets]) {
    expect(text).not.toContain(each.slice(1));
    expect(text).not.toContain(hash("sha256", each, "base64url"));
  }
  expect(JSON.parse(text)).toEqual({
    name: "shown",
    holding: 1,
    waiting: 2,
    fencingToken: held.fencingToken,
    holders: [{ mode: "exclusive", owner: "me", fencingToken: held.fencingToken, expiresAt: held.expiresAt }],
  });
});

test("an idempotency key makes a token that tells nothing of the key, nor of another lock's", async () => {
  const headers = { "idempotency-key": '"k"' };
  const [one, two] = [await acquire("k1", {}, headers), await acquire("k2", {}, headers)];
  expect(one.json.token).not.toBe(two.json.token);
});
