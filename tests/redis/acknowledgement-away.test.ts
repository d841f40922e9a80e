import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  type CompositionOptions,
  composeCache,
  composeSessions,
  composeTokens,
  expectUnavailable,
  until,
} from "../composition.ts";
import { createCaller as createSessionsCaller } from "../sessions/caller.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { createCaller as createTokensCaller } from "../tokens/caller.ts";
import { type ReplicatedPair, startReplicatedPair } from "./replicated-pair.ts";

/** Each verification is due to be written down. */
const environment = { REDIS_MIN_REPLICAS_ACK: "1", SESSIONS_TOUCH_SECONDS: "0" };

let pair: ReplicatedPair;

beforeAll(async () => {
  pair = await startReplicatedPair();
});
afterAll(() => pair?.stop());

function start<T extends { connection: { close(): Promise<void> } }>(
  compose: (url: string, options: CompositionOptions) => T,
  { url = pair.primary.server.url, ...options }: CompositionOptions & { url?: string } = {},
): T {
  const made = compose(url, { environment, ...options });
  onTestFinished(() => made.connection.close());
  return made;
}

function takeReplicaAway(): () => void {
  const { server } = pair.replica;
  server.kill("SIGSTOP");
  const bringBack = () => server.kill("SIGCONT");
  onTestFinished(bringBack);
  return bringBack;
}

test("reads that write down no more than the last use go on without the replica; writes are 503", async () => {
  const sessions = createSessionsCaller(start(composeSessions).api);
  const tokens = createTokensCaller(start(composeTokens).api);
  const cache = start(composeCache).api;
  const { session, token } = await sessions.begin("ann");
  await tokens.begin("ann");
  const lookup = () => cache("GET", "/v1/cache/entries/a", { query: { wait: "1" } });
  await lookup();

  takeReplicaAway();
  for (let round = 0; round < 3; round++) {
    expect((await sessions.verify(token)).status).toBe(200);
    expect((await sessions.get(session.id)).status).toBe(200);
    expect((await sessions.list("ann")).json.sessions).toHaveLength(1);
    expect((await tokens.list("ann")).json.grants).toHaveLength(1);
    expect((await lookup()).status).toBe(404);
  }
  const again = await sessions.verify(token);
  expect(Date.parse(again.json.session.lastSeenAt), "it was written down").toBeGreaterThan(
    Date.parse(session.lastSeenAt),
  );
  expectUnavailable(await sessions.create({ userId: "ann" }));
  expectUnavailable(await tokens.issue({ userId: "ann", clientId: "app", scope: "read" }));
  expectUnavailable(await cache("PUT", "/v1/cache/entries/b", { body: "x" }));
});

/**
 * Since Redis 7.2, and in Valkey, WAIT looks at what its connection has written. A call that finds its work done by
 * another connection writes nothing.
 */
test("a write whose reply was lost is not acknowledged by its repetition while no replica has it", async () => {
  const proxy = await startTcpProxy(pair.primary.server.url);
  onTestFinished(() => proxy.close());
  const { create } = createSessionsCaller(start(composeSessions, { url: proxy.url }).api);
  expect((await create({ userId: "ann" })).status).toBe(201);
  const bringBack = takeReplicaAway();
  proxy.loseReply();
  const connections = proxy.connections();
  expectUnavailable(await create({ userId: "ann" }));
  expect(proxy.connections() - connections, "it was repeated elsewhere").toBeGreaterThanOrEqual(1);
  bringBack();
  await until(
    () => create({ userId: "ann" }),
    ({ status }) => status === 201,
  );
});

test("what one sandbox ended is not acknowledged to another while no replica knows that it ended", async () => {
  const made = start(composeSessions);
  const first = createSessionsCaller(made.api);
  const second = createSessionsCaller(start(composeSessions, { tenant: made.tenant }).api);
  const { session } = await first.begin("ann");
  await second.begin("bob");
  const bringBack = takeReplicaAway();
  expectUnavailable(await first.end(session.id));
  expectUnavailable(await second.end(session.id));
  bringBack();
  const ended = await until(
    () => second.end(session.id),
    ({ status }) => status !== 503,
  );
  expect(ended.status).toBe(204);
});
