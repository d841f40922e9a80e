import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import {
  type CompositionOptions,
  composeSessions,
  composeTokens,
  expectUnavailable,
  until,
} from "../composition.ts";
import { startReplicatedPair } from "../redis/replicated-pair.ts";
import { createCaller as createSessionsCaller, idsOf as sessionsOn } from "../sessions/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { createCaller as createTokensCaller, grantOf, idsOf as grantsOn } from "../tokens/caller.ts";

const BRIEF_MS = 1000;
const BRIEF = { TOKENS_ACCESS_SECONDS: "1", TOKENS_REFRESH_SECONDS: "1" };

async function startServer() {
  const dir = await mkdtemp(join(tmpdir(), "redigate-housekeeping-"));
  const server = await startRedis({ dir });
  const admin = new Redis(server.url);
  onTestFinished(async () => {
    await admin.config("SET", "save", ""); // one that cannot save does not end when it is asked to
    admin.disconnect();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });
  return { url: server.url, admin, removeFolder: () => rm(dir, { recursive: true }) };
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** Every verification is due to be written down. */
function startSessions(url: string) {
  const made = composeSessions(url, { environment: { SESSIONS_TOUCH_SECONDS: "0" } });
  onTestFinished(() => made.connection.close());
  return { ...made, ...createSessionsCaller(made.api) };
}

function startTokens(url: string, options: CompositionOptions = {}) {
  const made = composeTokens(url, options);
  onTestFinished(() => made.connection.close());
  return { ...made, ...createTokensCaller(made.api) };
}

/** What makes a server answer, and take no writes. */
const REFUSALS: Readonly<Record<string, (server: Server) => Promise<unknown>>> = {
  async "it has too few replicas (NOREPLICAS)"({ admin }) {
    await admin.config("SET", "min-replicas-to-write", "1");
  },
  async "it cannot save what it has (MISCONF)"({ admin, removeFolder }) {
    await admin.config("SET", "save", "3600 1000000");
    await removeFolder();
    await admin.bgsave();
    const hasFailed = (info: string) => info.includes("rdb_last_bgsave_status:err");
    await until(() => admin.info("persistence"), hasFailed, 20_000);
  },
};

test.each(Object.entries(REFUSALS))(
  "what is read is right, though it cannot be tidied up: %s",
  async (_, refuseWrites) => {
    const server = await startServer();
    const sessions = startSessions(server.url);
    const tokens = startTokens(server.url);
    const brief = startTokens(server.url, { environment: BRIEF, tenant: tokens.tenant });
    const { session, token } = await sessions.begin("ann");
    const { refresh_token } = await tokens.begin("ann");
    await sessions.begin("ann", { idleSeconds: 1, absoluteSeconds: 1 });
    await brief.begin("ann");
    await sleep(BRIEF_MS + 100);
    await refuseWrites(server);

    expectUnavailable(await sessions.create({ userId: "ann" }));
    const verified = await sessions.verify(token);
    expect([verified.status, verified.json.session]).toEqual([200, session]);
    // The newest has expired: a page of one has none of it, and no next one.
    for (const query of [{}, { limit: "1" }]) {
      const sessionsPage = await sessions.list("ann", query);
      expect([sessionsPage.status, sessionsOn(sessionsPage)]).toEqual([200, [session.id]]);
      const grantsPage = await tokens.list("ann", query);
      expect([grantsPage.status, grantsOn(grantsPage)]).toEqual([200, [grantOf(refresh_token)]]);
      for (const { json } of [sessionsPage, grantsPage]) expect(json.next).toBeUndefined();
    }
  },
);

test("READONLY is no such refusal: the demoted primary is left, and the new one written to", async () => {
  const pair = await startReplicatedPair();
  onTestFinished(() => pair.stop());
  const proxy = await startTcpProxy(pair.primary.server.url);
  onTestFinished(() => proxy.close());
  const verifying = startSessions(proxy.url);
  const listing = startSessions(proxy.url);
  const tokens = startTokens(proxy.url);
  const brief = startTokens(proxy.url, { environment: BRIEF, tenant: tokens.tenant });
  const { session, token } = await verifying.begin("ann");
  // One that goes on keeps the index, of which the other is to be swept out.
  await listing.begin("ann");
  await listing.begin("ann", { idleSeconds: 1, absoluteSeconds: 1 });
  await tokens.begin("ann");
  await brief.begin("ann");
  await sleep(BRIEF_MS + 100);
  await pair.catchUp();
  await pair.replica.admin.replicaof("NO", "ONE");
  await pair.primary.admin.replicaof("127.0.0.1", 1); // it keeps what it has
  proxy.leadTo(pair.replica.server.url);

  const verified = await verifying.verify(token);
  expect(verified.status).toBe(200);
  expect(Date.parse(verified.json.session.lastSeenAt)).toBeGreaterThan(Date.parse(session.lastSeenAt));
  for (const { list, connection } of [listing, tokens]) {
    expect((await list("ann")).status).toBe(200);
    const role = await connection.run((redis) => redis.role());
    expect(role[0], "they ask the new primary").toBe("master");
  }
});
