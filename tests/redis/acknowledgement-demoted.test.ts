import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type RunningCluster, startCluster } from "../../dev/redis/start-cluster.ts";
import { composeCache, composeSessions, expectUnavailable, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { type ReplicatedPair, startReplicatedPair } from "./replicated-pair.ts";

const settings = { REDIS_MIN_REPLICAS_ACK: "1" };
const path = (key: string) => `/v1/cache/entries/${key}`;
/** Reads, and is waited for like a write: a demoted primary refuses nothing of it but the WAIT. */
const ROTATE_NOBODY = `/v1/sessions/${"0".repeat(40)}/rotate`;

describe("a cluster whose primary changed places with its replica", () => {
  let cluster: RunningCluster;
  /** What is configured. */
  let url: string;

  beforeEach(async () => {
    cluster = await startCluster({ nodes: 1, replicas: 1 });
    url = cluster.nodes[0]?.url ?? "";
  });
  afterEach(() => cluster?.stop());

  function start() {
    const made = composeCache(url, { environment: { ...settings, REDIS_MODE: "cluster" } });
    onTestFinished(() => made.connection.close());
    return made;
  }

  async function failOver(): Promise<void> {
    const [before, after] = cluster.nodes.map((node) => new Redis(node.url)) as [Redis, Redis];
    await after.cluster("FAILOVER");
    const isReplica = (info: string) => info.includes("role:slave") && info.includes("master_link_status:up");
    await until(() => before.info("replication"), isReplica, 20_000);
    // Who asks for the slots learns of the replica, too.
    const addresses = async () => String(await after.cluster("SLOTS"));
    await until(addresses, (text) => text.includes(String(before.options.port)), 20_000);
    for (const operator of [before, after]) operator.disconnect();
  }

  test("serves a sandbox that is connected, and new ones whose address is the replica's by now", async () => {
    const connected = start();
    expect((await connected.api("PUT", path("a"), { body: "x" })).status).toBe(201);
    await failOver();
    expect((await connected.api("PUT", path("a"), { body: "y" })).status).toBe(204);
    for (let count = 0; count < 5; count++) {
      const { api } = start();
      expect((await api("PUT", path("a"), { body: "z" })).status).toBe(201);
      expect((await api("GET", path("a"))).text).toBe("z");
    }
  });
});

describe("a demoted primary that only refuses to WAIT", () => {
  let pair: ReplicatedPair;
  /** What the name of the primary leads to. */
  let proxy: TcpProxy;

  beforeEach(async () => {
    pair = await startReplicatedPair();
    proxy = await startTcpProxy(pair.primary.server.url);
  });
  afterEach(async () => {
    await proxy?.close();
    await pair?.stop();
  });

  function start() {
    const made = composeSessions(proxy.url, { environment: settings });
    onTestFinished(() => made.connection.close());
    return made;
  }

  async function changePlaces(): Promise<void> {
    const { primary, replica } = pair;
    await replica.admin.replicaof("NO", "ONE");
    await primary.admin.replicaof("127.0.0.1", replica.server.port);
    const isUp = (info: string) => info.includes("master_link_status:up");
    await until(() => primary.admin.info("replication"), isUp, 20_000);
  }

  test("is left for the one that the name leads to", async () => {
    const { api, connection } = start();
    await connection.ping();
    await changePlaces();
    proxy.leadTo(pair.replica.server.url);
    const before = proxy.connections();
    expect((await api("POST", ROTATE_NOBODY)).status).toBe(404);
    expect(proxy.connections() - before).toBeGreaterThanOrEqual(1);
    expect((await api("POST", "/v1/sessions", { body: { userId: "ann" } })).status).toBe(201);
  });

  test("is a 503 to a sandbox that starts there, which is served when the name leads elsewhere", async () => {
    await changePlaces();
    const { api } = start();
    expectUnavailable(await api("POST", ROTATE_NOBODY));
    proxy.leadTo(pair.replica.server.url);
    const create = () => api("POST", "/v1/sessions", { body: { userId: "ann" } });
    await until(create, ({ status }) => status === 201);
  });
});
