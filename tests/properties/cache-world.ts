import { expect } from "vitest";
import { uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { type Choice, type Command, KEYS } from "./cache-commands.ts";
import { CacheModel, type Life, type ModelLease, type ModelPut, type PutStatus } from "./cache-model.ts";

const LIVES: Record<Life, string> = {
  fresh: "max-age=600",
  stale: "max-age=0, stale-while-revalidate=600",
  error: "max-age=0, stale-if-error=600",
};
const HTTP_STATUS: Record<PutStatus, number> = {
  created: 201,
  replaced: 204,
  precondition_failed: 412,
  lease_lost: 409,
};

/** The real cache and the model of it, side by side. */
export interface World {
  readonly api: Composition["api"];
  readonly model: CacheModel;
  /** Every lease that was ever given, also those that ended. */
  readonly leases: ModelLease[];
  /** Every tag that was ever seen. */
  readonly etags: string[];
}

export function createWorld(sandbox: Composition): World {
  return { api: sandbox.apiOf(uniqueTenant()), model: new CacheModel(), leases: [], etags: [] };
}

/** Runs a command on the real cache, holds the answer to what the model expects, and moves the model on. */
export function execute(world: World, command: Command): Promise<void> {
  switch (command.do) {
    case "get":
      return get(world, command.key);
    case "lease":
      return getWithLease(world, command.key);
    case "getConditionally":
      return getConditionally(world, command.key, command.tag);
    case "getThoughOriginFails":
      return getThoughOriginFails(world, command.key);
    case "remove":
      return remove(world, command.key);
    case "invalidate":
      return invalidate(world, command.group);
    case "put":
      return put(world, command.choice);
    case "putAll":
      return putAll(world, command.choices);
    case "getAll":
      return getAll(world);
  }
}

const path = (key: string) => `/v1/cache/entries/${key}`;
const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)];

async function expectFound(
  { api, model }: World,
  key: string,
  query: Record<string, string>,
): Promise<string | undefined> {
  const entry = model.entry(key);
  const lease = model.lease(key);
  const answer = await api("GET", path(key), { query });
  const shown = entry?.life === "error" ? undefined : entry;
  if (shown && !shown.absent) {
    expect([answer.status, answer.text, answer.headers.etag]).toEqual([200, shown.body, `"${shown.etag}"`]);
    expect(answer.headers["cache-status"]?.includes("stale")).toBe(shown.life === "stale");
  } else {
    const missing = lease && query.lease ? "cache_filling" : "cache_miss";
    expect([answer.status, answer.json.code]).toEqual([404, shown ? "known_absent" : missing]);
  }
  return answer.headers["cache-lease"];
}

async function get(world: World, key: string): Promise<void> {
  expect(await expectFound(world, key, {})).toBeUndefined();
}

async function getWithLease(world: World, key: string): Promise<void> {
  const due = world.model.isDue(key);
  const token = await expectFound(world, key, { lease: "60" });
  expect(token !== undefined, "exactly who finds it due and unleased gets the lease").toBe(due);
  world.model.ask(key);
  if (token) world.leases.push(world.model.grant(key, token));
}

async function getConditionally({ api, model, etags }: World, key: string, tag: number): Promise<void> {
  const entry = model.entry(key);
  const etag = pick([...etags, "none"], tag);
  const { status } = await api("GET", path(key), { headers: { "if-none-match": `"other", W/"${etag}"` } });
  const shown = entry && entry.life !== "error" && !entry.absent;
  expect(status).toBe(shown ? (entry.etag === etag ? 304 : 200) : 404);
}

async function getThoughOriginFails({ api, model }: World, key: string): Promise<void> {
  const entry = model.entry(key);
  const { status, text } = await api("GET", path(key), {
    headers: { "cache-control": "stale-if-error=600" },
  });
  expect(status).toBe(entry && !entry.absent ? 200 : 404);
  if (status === 200) expect(text).toBe(entry?.body);
}

async function remove({ api, model }: World, key: string): Promise<void> {
  expect((await api("DELETE", path(key))).status).toBe(204);
  model.remove(key);
}

async function invalidate({ api, model }: World, group: string): Promise<void> {
  expect((await api("DELETE", `/v1/cache/groups/${group}`)).status).toBe(204);
  model.invalidate(group);
}

/** Turns numbers into one of the leases and tags that there are by now. */
function choose({ lease, ifMatch, ...rest }: Choice, { leases, etags }: World): ModelPut {
  return {
    ...rest,
    body: rest.absent ? "" : rest.body === "long" ? "long ".repeat(1000) : rest.body,
    lease: lease > 0 ? pick(leases, lease) : undefined,
    ifMatch: ifMatch > 0 && !rest.createOnly ? pick([...etags, "*"], ifMatch) : undefined,
  };
}

/** What a plain put over an invalidated entry says is left open. */
function expectStatus(world: World, put: ModelPut, status: PutStatus | undefined): void {
  const expected = world.model.expectedOf(put);
  const isPlain = !put.createOnly && put.ifMatch === undefined;
  const open = isPlain && expected === "created" && world.model.isHidden(put.key);
  expect(open ? ["created", "replaced"] : [expected]).toContain(status);
}

function conclude({ model, etags }: World, put: ModelPut, status: PutStatus, etag: string | undefined): void {
  if (status !== "created" && status !== "replaced") return;
  const tag = etag?.replaceAll('"', "") ?? "";
  model.store(put, tag);
  if (!put.absent && !etags.includes(tag)) etags.push(tag);
}

async function put(world: World, choice: Choice): Promise<void> {
  const chosen = choose(choice, world);
  const { key, body, groups, absent, life, createOnly, ifMatch, lease } = chosen;
  const answer = await world.api("PUT", path(key), {
    body,
    query: { ...(absent && { absent: "true" }) },
    headers: {
      "cache-control": LIVES[life],
      ...(groups.length > 0 && { "cache-groups": groups.map((group) => `"${group}"`).join(", ") }),
      ...(createOnly && { "if-none-match": "*" }),
      ...(ifMatch && { "if-match": ifMatch === "*" ? "*" : `"${ifMatch}"` }),
      ...(lease && { "cache-lease": lease.token }),
    },
  });
  const status = (Object.keys(HTTP_STATUS) as PutStatus[]).find(
    (name) => HTTP_STATUS[name] === answer.status,
  );
  expectStatus(world, chosen, status);
  if (status) conclude(world, chosen, status, answer.headers.etag);
}

async function putAll(world: World, choices: readonly Choice[]): Promise<void> {
  const puts = choices.map((choice) => choose(choice, world));
  const entries = puts.map(({ key, body, groups, absent, life, createOnly, ifMatch, lease }) => ({
    key,
    value: body,
    groups,
    absent,
    cacheControl: LIVES[life],
    ...(createOnly && { ifNoneMatch: "*" }),
    ...(ifMatch && { ifMatch: ifMatch === "*" ? "*" : `"${ifMatch}"` }),
    ...(lease && { lease: lease.token }),
  }));
  const { json } = await world.api("POST", "/v1/cache/batch-put", { body: { entries } });
  for (const [index, put] of puts.entries()) expectStatus(world, put, json.results[index].status);
  for (const [index, put] of puts.entries()) {
    conclude(world, put, json.results[index].status, json.results[index].etag);
  }
}

async function getAll({ api, model }: World): Promise<void> {
  const { json } = await api("POST", "/v1/cache/batch-get", { body: { keys: KEYS } });
  const expected = KEYS.map((key) => {
    const entry = model.entry(key);
    if (!entry || entry.life === "error") return { key, status: "miss" };
    if (entry.absent) return { key, status: "known_absent" };
    return {
      key,
      status: entry.life === "fresh" ? "hit" : "stale",
      value: entry.body,
      etag: `"${entry.etag}"`,
    };
  });
  expect(json.entries).toMatchObject(expected);
}
