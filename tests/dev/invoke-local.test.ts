import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";

const run = promisify(execFile);

/** `sls invoke local` with a sample event, as in the README. Resolves to what it printed. */
async function invokeLocal(name: string, event: string, environment: Record<string, string> = {}) {
  const words = ["invoke", "local", "-f", name, "--path", `tests/events/${event}.json`];
  const { PATH = "", HOME = "" } = process.env;
  const own = {
    PATH,
    HOME,
    REDIS_URL: inject("redisUrl"),
    REDIGATE_BUILD_DIR: ".redigate/build/invoke-test",
  };
  return run(process.execPath, ["node_modules/.bin/sls", ...words], {
    cwd: projectDir,
    env: { ...own, ...environment },
  });
}

/** The answer comes after the log lines. */
async function answer(name: string, event: string) {
  const { stdout } = await invokeLocal(name, event);
  return JSON.parse(stdout.slice(stdout.search(/^[{[]$/m)));
}

test("the sample events store, read and miss", { timeout: 60_000 }, async () => {
  expect(await answer("cache", "cache-put")).toMatchObject({ statusCode: 201 });
  expect(await answer("cache", "cache-get")).toMatchObject({
    statusCode: 200,
    body: "Hello from Redis",
  });
  const missed = await answer("cache", "cache-miss-with-lease");
  expect(missed).toMatchObject({ statusCode: 404, headers: { "cache-lease": expect.any(String) } });
});

test("the other functions answer theirs", { timeout: 90_000 }, async () => {
  expect([200, 201]).toContain((await answer("leaderboards", "leaderboards-put")).statusCode);
  expect(await answer("leaderboards", "leaderboards-submit")).toMatchObject({ statusCode: 200 });
  expect(await answer("likes", "likes-put")).toMatchObject({ statusCode: 200 });
  expect([201, 409]).toContain((await answer("locks", "locks-acquire")).statusCode);
  expect(await answer("sessions", "sessions-create")).toMatchObject({ statusCode: 201 });
  expect(await answer("tokens", "tokens-issue")).toMatchObject({ statusCode: 200 });
  expect(await answer("ops", "ops-engine")).toMatchObject({ statusCode: 200 });
  expect(await answer("health", "health")).toMatchObject({ statusCode: 200 });
  expect(await answer("openapi", "openapi")).toMatchObject({ statusCode: 200 });
  expect(await answer("sentry", "sentry")).toMatchObject({ Failures: 0, MemoryUsed: expect.any(Number) });
  expect(await answer("warmer", "warmer")).toMatchObject([
    { functionName: "redigate-dev-cache" },
    { functionName: "redigate-dev-health" },
    { functionName: "redigate-dev-leaderboards" },
    { functionName: "redigate-dev-likes" },
    { functionName: "redigate-dev-locks" },
    { functionName: "redigate-dev-openapi" },
    { functionName: "redigate-dev-ops" },
    { functionName: "redigate-dev-sessions" },
    { functionName: "redigate-dev-tokens" },
  ]);
});

test("without a Redis it is said how to start one", { timeout: 60_000 }, async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "redigate-invoke-"));
  const failure = await invokeLocal("cache", "cache-get", {
    REDIS_URL: "",
    REDIGATE_STATE_DIR: stateDir,
  }).catch((error: { stdout: string }) => error);
  await rm(stateDir, { recursive: true });
  expect(failure.stdout).toContain(
    "No Redis runs on this machine. Start one with `npm run redis` or `npm start`",
  );
  expect(failure.stdout).not.toContain("    at ");
});
