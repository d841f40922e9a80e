import { hash } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { type Answer, createApi } from "../api.ts";
import { composeSessions } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { bareClient, environmentFor, keysOf } from "../provided-redis.ts";
import { createCaller } from "./caller.ts";

let server: RunningRedis;
let sandbox: ReturnType<typeof composeSessions>;
beforeAll(async () => {
  server = await startRedis();
  sandbox = composeSessions(inject("redisUrl"));
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await sandbox?.connection.close();
  await server?.stop();
});

/** Every key of a tenant with what is in it, as text. */
async function dump(tenant: string): Promise<string> {
  const raw = bareClient();
  const found: unknown[] = [];
  for (const name of await keysOf(raw, `${tenant}:*`)) {
    const type = await raw.type(name);
    const read = {
      hash: () => raw.hgetall(name),
      zset: () => raw.zrange(name, "0", "-1"),
      string: () => raw.get(name),
    };
    found.push(name, await read[type as keyof typeof read]());
  }
  raw.disconnect();
  return JSON.stringify(found);
}

test("Redis has the SHA-256 of a token, and neither the token nor its secret, wherever one looks", async () => {
  const { begin, verify, rotate, patch } = createCaller(sandbox.api);
  const { session, token } = await begin("secretive", { data: { a: 1 } });
  const rotated: string = (await rotate(session.id)).json.token;
  for (const each of [token, rotated]) await verify(each);
  await patch(session.id, { a: 2 });
  const everything = await dump(sandbox.tenant);
  for (const each of [token, rotated]) {
    expect(everything).toContain(hash("sha256", each, "base64url"));
    const secret = each.split(".")[1] ?? "";
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(Buffer.from(secret, "base64url").toString("hex"));
  }
});

test("an ended session leaves nothing of its data behind, nor do all of a user at once", async () => {
  const { begin, end, endAll } = createCaller(sandbox.api);
  const one = await begin("forgotten", { data: { note: "ended-alone" } });
  for (let i = 0; i < 3; i++) await begin("forgotten", { data: { note: `ended-together-${i}` } });
  expect(await dump(sandbox.tenant)).toContain("ended-alone");
  await end(one.session.id);
  expect(await dump(sandbox.tenant)).not.toContain("ended-alone");
  await endAll("forgotten");
  expect(await dump(sandbox.tenant)).not.toContain("ended-together");
});

test("a token is in no answer but the one that gives it, and in no header of that", async () => {
  const { create, verify, get, list, rotate } = createCaller(sandbox.api);
  const created = await create({ userId: "shown once" });
  const { token, session } = created.json;
  const rotated = await rotate(session.id);
  const answers = [await verify(token), await get(session.id), await list("shown once"), rotated];
  for (const answer of answers) expect(answer.text).not.toContain(token.split(".")[1]);
  for (const { headers } of [created, ...answers]) {
    expect(JSON.stringify(headers)).not.toContain(token.split(".")[1]);
    expect(JSON.stringify(headers)).not.toContain(rotated.json.token.split(".")[1]);
    expect(headers["cache-control"]).toBe("no-store");
  }
});

/** The function as it is deployed, with its log on. */
async function loadDeployed(redisUrl: string) {
  vi.resetModules();
  for (const [name, value] of Object.entries(environmentFor(redisUrl))) vi.stubEnv(name, value);
  vi.stubEnv("REDIS_DEADLINE_MS", "300");
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG");
  const { handler } = await import("../../functions/sessions/handler.ts");
  return createCaller(createApi(handler, sessionsContract));
}

test("neither a token nor data appear in a log line while Redis refuses, stays silent and goes away", async () => {
  const output = captureOutput();
  const deployed = await loadDeployed(server.url);
  const { session, token } = await deployed.begin("logged", { data: { note: "private-note" } });
  const writes = () => [
    deployed.create({ userId: "private-user", data: { note: "private-note" } }),
    deployed.patch(session.id, { note: "private-note" }),
    deployed.rotate(session.id),
  ];
  const expectRefused = async (calls: Promise<Answer>[]) => {
    for (const { status } of await Promise.all(calls)) expect(status).toBe(503);
  };
  const admin = new Redis(server.url);
  await admin.config("SET", "min-replicas-to-write", "1");
  await expectRefused(writes());
  await admin.config("SET", "min-replicas-to-write", "0");
  admin.disconnect();
  server.kill("SIGSTOP");
  await expectRefused([deployed.verify(token), ...writes()]);
  server.kill("SIGKILL");
  await server.exited;
  await expectRefused([deployed.verify(token), ...writes()]);
  const written = output.lines().join("\n");
  for (const event of ["NOREPLICAS", "redis reconnecting", "request failed"])
    expect(written).toContain(event);
  for (const secret of [token, token.split(".")[1] ?? "", hash("sha256", token, "base64url"), "private-"])
    expect(written).not.toContain(secret);
});
