import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newSecret } from "../../lib/opaque-token.ts";
import { seal, unseal } from "../../lib/seal.ts";
import { outcomeOf } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { bareClient, keysOf } from "../provided-redis.ts";
import { createCaller, grantOf, type Pair } from "./caller.ts";

const sandbox = composeTokens(inject("redisUrl"));
const { begin, refresh, refreshed, revoke, introspect, isActive } = createCaller(sandbox.api);
const raw = bareClient();
afterAll(async () => {
  raw.disconnect();
  await sandbox.connection.close();
});

describe("what is in Redis", () => {
  let pairs: Pair[];
  /** Every text and number of the tenant: names of keys, of fields and of members, and all values. */
  let found: string[];
  let dumped: Buffer[];

  beforeAll(async () => {
    pairs = [await begin("secretive", { device: "phone" }), await begin("secretive")];
    for (let i = 0; i < 3; i++) pairs.push(await refreshed(pairs.at(-1)?.refresh_token ?? ""));
    ({ found, dumped } = await dump());
  });

  async function dump() {
    const found: string[] = [];
    const dumped: Buffer[] = [];
    for (const name of await keysOf(raw, `${sandbox.tenant}:*`)) {
      const type = await raw.type(name);
      if (type === "hash") found.push(...Object.entries(await raw.hgetall(name)).flat());
      else if (type === "zset") found.push(...(await raw.zrange(name, "0", "-1", "WITHSCORES")));
      else found.push((await raw.get(name)) ?? "");
      found.push(name);
      dumped.push((await raw.dumpBuffer(name)) ?? Buffer.alloc(0));
    }
    return { found, dumped };
  }

  test("has no token and no secret of one in any encoding, present, former or next", () => {
    expect(found.length).toBeGreaterThan(30);
    const everything = [...dumped, ...found.map((text) => Buffer.from(text))];
    const tokens = pairs.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
    for (const token of tokens) {
      const secret = Buffer.from(token.split(".")[1] ?? "", "base64url");
      // A refresh token has two secrets, that of its family and its own, and either half of one is too much.
      const parts = secret.length > 32 ? [secret.subarray(0, 18), secret.subarray(18)] : [secret];
      for (const part of parts.flatMap((part) => [part.subarray(0, 16), part.subarray(-16)])) {
        const encodings = (["base64", "base64url", "hex", "latin1"] as const).map((encoding) =>
          part.toString(encoding).replace(/.?=*$/, ""),
        );
        for (const needle of [part, part.toString("hex").toUpperCase(), ...encodings])
          expect(everything.filter((bytes) => bytes.includes(needle))).toEqual([]);
      }
    }
  });

  test("unseals nothing that is sealed there; only the token before the present one does", () => {
    const words = found.flatMap((text) => [text, ...text.split(/[\s":{},]+/)]);
    const sealed = found.filter((text) => /^[\w-]{140,}$/.test(text));
    expect(sealed).toHaveLength(1);
    const [text = ""] = sealed;
    expect(unseal("refresh successor", pairs.at(-2)?.refresh_token ?? "", text)).toContain(
      pairs.at(-1)?.refresh_token.slice(-43),
    );
    for (const word of new Set(words)) {
      expect(() => unseal("refresh successor", word, text), word).toThrow();
      expect(
        () => unseal("refresh successor", Buffer.from(word, "base64url").toString("latin1"), text),
        word,
      ).toThrow();
    }
  });

  test("opens nothing, whoever presents it as a token, alone or behind the id of a grant", async () => {
    const words = found.flatMap((text) => [text, ...text.split(/[\s":{},]+/)]);
    const ids = [...new Set(pairs.map(({ access_token }) => grantOf(access_token)))];
    const presented = new Set(words.flatMap((word) => [word, ...ids.map((id) => `${id}.${word}`)]));
    const digests = words.filter((word) => /^[\w-]{43}$/.test(word));
    for (const id of ids)
      for (const first of digests)
        for (const second of digests) presented.add(`${id}.${first.slice(0, 24)}${second}`);
    presented.delete("");
    for (const token of presented) {
      expect((await introspect(token)).json, token).toEqual({ active: false });
      expect(outcomeOf(await refresh(token)), token).toBe("400 invalid_grant");
      expect(outcomeOf(await revoke(token)), token).toBe("200");
    }
    for (const { refresh_token } of [pairs[0], pairs.at(-1)] as Pair[])
      expect(await isActive(refresh_token)).toBe(true);
  });

  test("does not name the user in a key", () => {
    expect(found.filter((text) => text.startsWith(sandbox.tenant) && text.includes("secretive"))).toEqual([]);
  });
});

describe("what is sealed", () => {
  const token = newSecret(50);
  const text = newSecret(64);

  test("is read again by who has the token, and is never the same twice", () => {
    const sealed = [seal("refresh successor", token, text), seal("refresh successor", token, text)];
    expect(sealed.map((each) => unseal("refresh successor", token, each))).toEqual([text, text]);
    expect(sealed[0]).not.toBe(sealed[1]);
  });

  test("is not read by who has another token", () => {
    const sealed = seal("refresh successor", token, text);
    for (const other of [newSecret(50), "", token.slice(0, -1), `${token}A`, token.toLowerCase()])
      expect(() => unseal("refresh successor", other, sealed)).toThrow();
  });

  test("is not read when a single bit of it was changed, or a byte is missing", () => {
    const bytes = Buffer.from(seal("refresh successor", token, text), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal("refresh successor", token, changed.toString("base64url"))).toThrow();
    }
    for (let length = 0; length < bytes.length; length++)
      expect(() =>
        unseal("refresh successor", token, bytes.subarray(0, length).toString("base64url")),
      ).toThrow();
    expect(() =>
      unseal("refresh successor", token, randomBytes(bytes.length).toString("base64url")),
    ).toThrow();
  });
});
