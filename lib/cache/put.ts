import { randomUUID } from "node:crypto";
import type { Connection, Run } from "../redis/connection.ts";
import { type Call, fanOut, nullForWantOfMemory } from "../redis/fan-out.ts";
import { cacheKeys } from "../redis/keys.ts";
import { etagOf, type Head, type Life, packBody, retentionMs, type Tokens } from "./entry.ts";
import { lostByInvalidation, type PresentTokens, pinGroups, readGroups } from "./groups.ts";
import type { Lease } from "./lease.ts";

/** When a put may happen: if there is no entry, or if there is one with one of these tags; `*` is any. */
export interface Condition {
  readonly absent?: true | undefined;
  readonly etags?: readonly string[] | undefined;
}

export interface Put {
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  readonly contentEncoding?: string | undefined;
  readonly life: Life;
  readonly groups?: readonly string[] | undefined;
  /** Records that the origin has no such thing; the body is empty. */
  readonly absent?: boolean | undefined;
  readonly lease?: Lease | undefined;
  readonly condition?: Condition | undefined;
}

export interface PutOutcome {
  readonly status: "created" | "replaced" | "precondition_failed" | "lease_lost" | "out_of_memory";
  readonly etag: string;
}

interface Job {
  readonly put: Put;
  readonly head: Head;
  readonly stored: Buffer;
  status: PutOutcome["status"] | undefined;
  /** The groups whose tokens the condition may depend on, as far as they are known. */
  asked: readonly string[];
}

/** Each pass learns the groups of entries that stood in the way; somebody could go on changing them for ever. */
const PASSES = 4;

/**
 * Stores entries. A plain put ends the lease of whoever is filling the entry. One round trip, with groups two: first
 * their tokens, then the entries. A conditional put that meets an entry in groups it does not name itself has to look
 * at their tokens first: two more.
 */
export async function putAll(
  connection: Connection,
  tenant: string,
  puts: readonly Put[],
): Promise<PutOutcome[]> {
  const run = connection.begin();
  const tokens = await presentTokens(run, tenant, puts);
  const jobs = puts.map((put) => prepare(put, tokens));
  for (let pass = 0; pass < PASSES; pass++) {
    const open = jobs.filter(({ status }) => !status);
    if (open.length === 0) break;
    const replies = await store(run, tenant, open, tokens, 2 * connection.deadlineMs);
    const unknown = open.flatMap((job, index) => settle(job, replies[index]));
    for (const [name, token] of await readGroups(run, tenant, unknown)) tokens.set(name, token);
  }
  return jobs.map(({ head, status = "precondition_failed" }) => ({ status, etag: head.etag }));
}

/** The tokens of the groups that the new entries will be in, and of those that leased entries are in. */
async function presentTokens(run: Run, tenant: string, puts: readonly Put[]): Promise<Map<string, string>> {
  const keepMs = Math.max(...puts.map(({ life }) => retentionMs(life)));
  const named = new Set(puts.flatMap(({ groups = [] }) => groups));
  const leased = puts.flatMap(({ lease }) => lease?.groups ?? []).filter((name) => !named.has(name));
  const [pinned, read] = await Promise.all([
    pinGroups(run, tenant, named, keepMs),
    readGroups(run, tenant, leased),
  ]);
  return new Map([...pinned, ...read]);
}

function prepare(put: Put, tokens: PresentTokens): Job {
  const { body, contentType, contentEncoding, life, groups = [], absent } = put;
  const { stored, compressed } = packBody(body);
  return {
    put,
    stored,
    asked: groups,
    status: settledAlready(put, tokens),
    head: {
      version: randomUUID(),
      etag: etagOf(body, contentType, contentEncoding),
      contentType,
      contentEncoding,
      size: body.length,
      compressed,
      absent: absent || undefined,
      freshMs: life.freshMs,
      staleMs: life.staleMs || undefined,
      errorMs: life.errorMs || undefined,
      groups: groups.length > 0 ? pick(tokens, groups) : undefined,
    },
  };
}

/** What the tokens alone decide: a full Redis had no room for one, or an invalidation has ended the lease. */
function settledAlready(
  { groups = [], lease }: Put,
  tokens: PresentTokens,
): PutOutcome["status"] | undefined {
  if (groups.some((name) => !tokens.get(name))) return "out_of_memory";
  return lease && lostByInvalidation(lease, groups, tokens) ? "lease_lost" : undefined;
}

/** Takes in the reply to a job; gives the groups that have to be looked at before it can be tried again. */
function settle(job: Job, reply: string | null | undefined): readonly string[] {
  if (reply === null) job.status = "out_of_memory";
  else if (reply?.startsWith("{")) {
    job.asked = Object.keys(JSON.parse(reply).groups);
    return job.asked;
  } else job.status = reply as PutOutcome["status"];
  return [];
}

async function store(
  run: Run,
  tenant: string,
  jobs: readonly Job[],
  tokens: PresentTokens,
  rememberMs: number,
): Promise<(string | null)[]> {
  const calls = jobs.map(({ put: { key, lease, condition = {} }, head, stored, asked }): Call => {
    const entryKey = cacheKeys.entry(tenant, key);
    const isConditional = condition.absent || condition.etags;
    return (p) =>
      p.cachePut(
        entryKey,
        cacheKeys.lease(tenant, key),
        cacheKeys.outcome(tenant, key, head.version),
        JSON.stringify(head),
        stored,
        retentionMs(head),
        lease?.nonce ?? "",
        lease?.durationMs ?? 0,
        JSON.stringify(condition),
        JSON.stringify(isConditional ? pick(tokens, asked) : {}),
        rememberMs,
      );
  });
  // A full Redis may have room for some: each entry stands for itself.
  const replies = await run((redis) => fanOut(redis, calls, nullForWantOfMemory), { idempotent: true });
  return replies as (string | null)[];
}

function pick(tokens: PresentTokens, names: readonly string[]): Tokens {
  return Object.fromEntries(names.map((name) => [name, tokens.get(name) ?? ""]));
}
