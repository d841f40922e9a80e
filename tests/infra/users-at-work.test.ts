import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import { projectDir } from "../../dev/paths.ts";
import { startCluster } from "../../dev/redis/start-cluster.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";
import type { Contract } from "../../lib/http/contract.ts";
import type { CallOptions } from "../api.ts";
import { stubAws } from "../aws/aws-endpoint.ts";
import {
  composeCache,
  composeLeaderboards,
  composeLikes,
  composeLocks,
  composeSessions,
  composeTokens,
  until,
} from "../composition.ts";
import { createCaller as leaderboardsCaller } from "../leaderboards/caller.ts";
import { createCaller as likesCaller } from "../likes/caller.ts";
import { createCaller as locksCaller } from "../locks/caller.ts";
import { elasticache } from "../ops/elasticache-wire.ts";
import { operate } from "../ops/operator.ts";
import { createCaller as sessionsCaller } from "../sessions/caller.ts";
import { grantOf, createCaller as tokensCaller } from "../tokens/caller.ts";

const PASSWORD = "secret";
const load = createRequire(import.meta.url);
const rules: Record<string, string> = load(join(projectDir, "infra/redis-users.json"));
const { rulesFor }: { rulesFor(user: string, cache: string): string } = load(
  join(projectDir, "infra/redis-users.cjs"),
);

/** What `ops` asks for wherever it is, and gets only where the cache has it. */
const NOT_THERE: Record<string, RegExp> = {
  "self-managed": /^$/,
  cluster: /^config\|get$/,
  serverless: /^(config\|get|slowlog\|get|memory\|usage|client\|list)$/,
};

type Call = (method: string, path: string, options?: CallOptions) => Promise<{ status: number }>;

describe.each(Object.keys(NOT_THERE))("as the users that %s has", (cache) => {
  let url: string;
  let admins: Redis[] = [];
  let stop = async () => {};
  const isCluster = cache !== "self-managed";
  const environment = { REDIS_MODE: isCluster ? "cluster" : "standalone", REDIS_NODES: "" };
  const as = (user: string) => url.replace("://", `://${user}:${PASSWORD}@`);

  beforeAll(async () => {
    const config = ["functions", "ops"].map(
      (user) => `user ${user} on >${PASSWORD} ${isCluster ? rulesFor(user, cache) : rules[user]}`,
    );
    const server = isCluster ? await startCluster({ nodes: 3, config }) : await startRedis({ config });
    const urls = "nodes" in server ? server.nodes.map((node) => node.url) : [server.url];
    ({ stop } = server);
    [url = ""] = urls;
    admins = urls.map((one) => new Redis(one));
  });
  afterAll(async () => {
    for (const admin of admins) admin.disconnect();
    await stop();
  });

  /** What was refused since the last time: the commands, and the keys that a command did not get at. */
  async function refused(): Promise<string[]> {
    const logs = await Promise.all(admins.map((admin) => admin.acl("LOG") as Promise<unknown[][]>));
    await Promise.all(admins.map((admin) => admin.acl("LOG", "RESET")));
    return logs.flat().map((fields) => {
      const entry = Object.fromEntries(
        fields.flatMap((field, index) => (index % 2 ? [] : [[field, fields[index + 1]]])),
      );
      return entry.reason === "command" ? entry.object : `${entry.reason} ${entry.object}`;
    });
  }

  /** Holds the operations that `use` has called against all that there are, and what was refused against nothing. */
  async function expectAllServed(
    contract: Contract,
    use: (noting: <C extends Call>(call: C) => C) => Promise<void>,
  ) {
    const called: string[] = [];
    const noting = <C extends Call>(call: C) =>
      (async (...[method, path, options]: Parameters<Call>) => {
        const answer = await call(method, path, options);
        expect(answer.status, `${method} ${path}`).toBeLessThan(400);
        called.push(`${method} ${path}`);
        return answer;
      }) as C;
    await use(noting);
    const uncalled = Object.values(contract).filter(({ method, path }) => {
      const pattern = path.replace(/\{\w+\+?\}/g, "[^/]+");
      return !called.some((call) => new RegExp(`^${method} ${pattern}$`).test(call));
    });
    expect(uncalled.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect((await refused()).filter((what) => !NOT_THERE[cache]?.test(what))).toEqual([]);
  }

  test("every operation of the cache is served", () =>
    expectAllServed(contracts.cache, async (noting) => {
      const sandbox = composeCache(as("functions"), { environment });
      const api = noting(sandbox.api);
      const grouped = { "cache-groups": '"g"' };
      await api("PUT", "/v1/cache/entries/a", { body: "x", headers: grouped });
      await api("GET", "/v1/cache/entries/a");
      await api("PUT", "/v1/cache/entries/a", { body: "y", headers: { "if-match": "*" } });
      await sandbox.api("GET", "/v1/cache/entries/none", { query: { lease: "10" } });
      await api("POST", "/v1/cache/batch-put", {
        body: { entries: [{ key: "b", value: "1", groups: ["g"] }] },
      });
      await api("POST", "/v1/cache/batch-get", { body: { keys: ["a", "b"] } });
      await api("DELETE", "/v1/cache/groups/g");
      await api("DELETE", "/v1/cache/entries/a");
      await sandbox.connection.close();
    }));

  test("every operation of the sessions is served", () =>
    expectAllServed(contracts.sessions, async (noting) => {
      const sandbox = composeSessions(as("functions"), {
        environment: { ...environment, SESSIONS_TOUCH_SECONDS: "0", SESSIONS_MAX_PER_USER: "2" },
      });
      const caller = sessionsCaller(noting(sandbox.api));
      await caller.begin("ann");
      await caller.begin("ann");
      const { session, token } = await caller.begin("ann"); // ends the first
      await caller.verify(token);
      await caller.get(session.id);
      await caller.patch(session.id, { a: 1 }, { "idempotency-key": "one" });
      await caller.rotate(session.id);
      await caller.list("ann");
      await caller.end(session.id);
      await caller.endAll("ann");
      await sandbox.connection.close();
    }));

  test("every operation of the tokens is served", () =>
    expectAllServed(contracts.tokens, async (noting) => {
      const sandbox = composeTokens(as("functions"), {
        environment: { ...environment, TOKENS_MAX_PER_USER: "2" },
      });
      const caller = tokensCaller(noting(sandbox.api));
      await caller.begin("ann");
      await caller.begin("ann");
      const first = await caller.begin("ann"); // ends the oldest
      const { access_token, refresh_token } = await caller.refreshed(first.refresh_token);
      await caller.refreshed(first.refresh_token);
      await caller.introspect(access_token);
      await caller.list("ann");
      await caller.revoke(refresh_token);
      await caller.endGrant(grantOf(access_token));
      await caller.endAll("ann");
      await sandbox.connection.close();
    }));

  test.each([
    ["of one partition", { windows: ["all", "daily"], capacity: 3 }],
    ["of several", { partitions: 3, ranking: "dense", ties: "last", capacity: 3 }],
    ["by members' names", { ties: "member", update: "sum", ranking: "competition", pastWindows: 0 }],
  ])("every operation of leaderboards %s is served", (_, settings) =>
    expectAllServed(contracts.leaderboards, async (noting) => {
      const sandbox = composeLeaderboards(as("functions"), { environment });
      const caller = leaderboardsCaller(noting(sandbox.api));
      await caller.begin("race", settings, [3, 2, 2, 1]);
      await caller.submit("race", [{ member: "m1", score: 9, metadata: { a: 1 } }], {
        "idempotency-key": "one",
      });
      await caller.get("race");
      await caller.ranks("race", { limit: "2" });
      await caller.ranks("race", { minScore: "1", maxScore: "5" });
      await caller.member("race", "m0", { around: "1" });
      await caller.batchGet("race", ["m0", "m1"]);
      await caller.rankOf("race", 2);
      await caller.removeMember("race", "m0");
      await caller.remove("race");
      await sandbox.connection.close();
    }),
  );

  test.each([
    ["of each kind", '{"post":{"reactions":["like","love"],"several":true},"article":{"claps":5}}'],
    ["that are estimated", '{"*":{"promoteAt":2}}'],
  ])("every operation of likes %s is served", (_, kinds) =>
    expectAllServed(contracts.likes, async (noting) => {
      const sandbox = composeLikes(as("functions"), {
        environment: {
          ...environment,
          LIKES_KINDS: kinds,
          LIKES_PARTITION_MEMBERS: "2",
          LIKES_MAX_PER_USER: "2",
        },
      });
      const [caller, rest] = [likesCaller(noting(sandbox.api)), likesCaller(sandbox.api)];
      await caller.put("post:1", "ann");
      await caller.users("post:1");
      await caller.remove("post:1", "ann");
      for (const user of ["ann", "bob", "cid", "dan"]) {
        await caller.put("post:1", user);
        await rest.put("post:1", user, { reaction: "love" });
        await rest.put("article:1", user, { claps: 3 });
      }
      await rest.remove("post:1", "dan");
      for (const post of ["post:2", "post:3", "post:4"]) await caller.put(post, "ann");
      await caller.get("post:1", "ann");
      await caller.batchGet(["post:1", "post:2"], "ann");
      await caller.liked("ann");
      await caller.trending({});
      await sandbox.connection.close();
    }),
  );

  test("every operation of the locks is served, and who waits is woken", () =>
    expectAllServed(contracts.locks, async (noting) => {
      const sandbox = composeLocks(as("functions"), { environment });
      const [caller, rival] = [locksCaller(noting(sandbox.api)), locksCaller(sandbox.api)];
      const { token } = await caller.take("a", { permits: 1 });
      const waiting = rival.acquire("a", { permits: 1, waitSeconds: 5 }, { "idempotency-key": '"one"' });
      await until(
        () => caller.get("a"),
        ({ json }) => json.waiting === 1,
      );
      await caller.extend("a", token);
      await caller.release("a", token);
      expect((await waiting).status).toBe(201);
      await caller.acquireAll(["g/b", "g/c"]);
      await sandbox.connection.close();
    }));

  test("every operation of ops is served", () =>
    expectAllServed(contracts.ops, async (noting) => {
      await stubAws(elasticache());
      const ops = operate(as("ops"), { environment: { ...environment, ELASTICACHE_ID: "orders" } });
      const get = (path: string) =>
        noting((_, at) => ops.get(at.replace("/v1/ops/", "")))("GET", `/v1/ops/${path}`);
      const post = (path: string, body: object) =>
        noting((_, at) =>
          ops.post(at.replace("/v1/ops/", ""), body, { headers: { "idempotency-key": `${path}-once` } }),
        )("POST", `/v1/ops/${path}`);
      for (const path of ["topology", "engine", "memory", "collections", "slowlog", "clients", "snapshots"])
        await get(path);
      await get("snapshots/orders-1");
      for (const _ of [1, 2]) {
        await post("snapshots", { label: "before" });
        await post("failover-tests", { nodeGroupId: "0001", confirm: "orders" });
      }
      await ops.connection.close();
    }));
});
