import { beforeEach, describe, expect, test } from "vitest";
import { expectUnavailable, until } from "../composition.ts";
import { FIRST, ofUser, password, path, SECOND, useSecretRedis } from "./secret-redis.ts";

describe.each([
  ["a password", "standalone", password],
  ["a user and a password", "standalone", ofUser],
  ["the password of a cluster", "cluster", password],
] as const)("a secret that holds %s", (_, mode, secretOf) => {
  const redis = useSecretRedis(mode);
  beforeEach(() => {
    redis.reply = secretOf(FIRST);
  });

  test("is read while the function starts, and never again while it is right", async () => {
    const { calls, statuses } = await redis.compose();
    await expect.poll(() => calls.length).toBe(1);
    expect(await statuses(50)).toEqual(new Set([404]));
    await redis.cut();
    expect(await statuses(50)).toEqual(new Set([404]));
    expect(calls).toHaveLength(1);
  });

  test("is read once more when it was rotated, and the next request is served", async () => {
    const sandbox = await redis.compose();
    const { api, calls } = sandbox;
    expect((await api("PUT", path, { body: "kept" })).status).toBe(201);
    redis.reply = secretOf(SECOND);
    await redis.changePassword();
    expect((await api("GET", path)).text).toBe("kept");
    expect((await api("DELETE", path)).status).toBe(204);
    expect(calls).toHaveLength(2);
    redis.said(sandbox);
  });

  test("is read once more for a burst of requests after it was rotated, and all are served", async () => {
    const { calls, statuses } = await redis.compose();
    expect(await statuses(1)).toEqual(new Set([404]));
    redis.reply = secretOf(SECOND);
    await redis.changePassword();
    expect(await statuses(50)).toEqual(new Set([404]));
    expect(calls).toHaveLength(2);
  });

  test("is read about once a second while it has the old one, and requests fail until then", async () => {
    const sandbox = await redis.compose();
    const { api, calls } = sandbox;
    expect((await api("GET", path)).status).toBe(404);
    await redis.changePassword();
    const startedAt = performance.now();
    while (performance.now() - startedAt < 3500) {
      const answer = await api("GET", path);
      expectUnavailable(answer);
      expect(answer.text).not.toMatch(/Secret|WRONGPASS/);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    expect(calls.length - 1).toBeGreaterThan(1);
    expect(calls.length - 1).toBeLessThanOrEqual(seconds + 1);
    redis.reply = secretOf(SECOND);
    const served = await until(
      () => api("GET", path),
      ({ status }) => status !== 503,
    );
    expect(served.status).toBe(404);
    expect(redis.said(sandbox)).toContain("WRONGPASS");
  });
});
