import fc from "fast-check";
import type { Cluster, Redis } from "ioredis";
import { expect } from "vitest";
import { lockKeys } from "../../lib/redis/keys.ts";
import { type Answer, outcomeOf, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { createCaller } from "../locks/caller.ts";
import { LocksModel } from "./locks-model.ts";

/** What is forgotten by the clock, and not with the time that the commands let pass, is kept for longer than a test takes. */
export const environment = {
  REDIS_DEADLINE_MS: "8000",
  LOCKS_HEARTBEAT_SECONDS: "60",
  LOCKS_MAX_QUEUE: "3",
  LOCKS_MAX_EXTENSIONS: "1",
};

/** `which` picks one of the tokens and tickets that were given, by number; the newest is 0. */
export type Command =
  | { readonly do: "acquire"; readonly names: readonly string[]; readonly ttl: number; readonly mode: Mode }
  | {
      readonly do: "comeBack";
      readonly which: number;
      readonly elsewhere: boolean;
      readonly ttl: number;
      /** Of a ticket that shares. */
      readonly permits: number | undefined;
    }
  | { readonly do: "extend"; readonly which: number; readonly ttl: number }
  | { readonly do: "release"; readonly which: number }
  | { readonly do: "look"; readonly name: string }
  | { readonly do: "pass"; readonly seconds: number };
type Mode = { readonly mode?: "exclusive" | "shared"; readonly permits?: number };

export const NAMES = ["g/a", "g/b", "g"];

// What passes is a multiple of 40 seconds, and nothing ends near one: what a run takes itself never decides.
const ttl = fc.constantFrom(20, 100, 1020);
const which = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5);
const names = fc.oneof(
  fc.constantFrom(["g/a"], ["g/a"], ["g/b"]),
  fc.shuffledSubarray(NAMES, { minLength: 1 }),
);
const mode = fc.constantFrom<Mode>(
  {},
  {},
  { mode: "shared" },
  { permits: 2 },
  { permits: 2 },
  { permits: 3 },
);

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("acquire" as const), names, ttl, mode }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant("comeBack" as const),
      which,
      elsewhere: fc.constantFrom(false, false, false, true),
      ttl,
      permits: fc.constantFrom(undefined, undefined, 2, 3),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("extend" as const), which, ttl }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("release" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("look" as const), name: fc.constantFrom(...NAMES) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(40, 40, 80, 1000) }),
  },
);

interface Given {
  readonly token: string;
  readonly names: readonly string[];
  readonly exclusive: boolean;
}

/** The locks of a tenant and their model, both before anything was done. */
export function createWorld({ apiOf }: Pick<Composition, "apiOf">, raw: Redis | Cluster) {
  const tenant = uniqueTenant();
  const caller = createCaller(apiOf(tenant));
  const model = new LocksModel({ heartbeatMs: 60_000, maxQueue: 3, maxExtensions: 1 });
  const given: Given[] = [];
  /** The token before the first of each lock. */
  const zeros = new Map<string, number>();

  function grantOf(name: string, fencingToken: number): number {
    if (!zeros.has(name)) zeros.set(name, fencingToken - 1);
    return fencingToken - (zeros.get(name) ?? 0);
  }

  function told(answer: Answer, names: readonly string[]): string {
    const { status, json } = answer;
    if (status === 201) {
      const locks = json.locks ?? [json];
      return `granted ${locks.map(({ fencingToken }: Answer["json"], at: number) => grantOf(names[at] ?? "", fencingToken))}`;
    }
    return json.code === "lock_held" ? `held ${json.position}` : json.code;
  }

  async function acquire(
    names: readonly string[],
    body: { ttlSeconds: number; ticket?: string } & Mode,
  ): Promise<string> {
    const [first = ""] = names;
    const answer =
      names.length === 1 ? await caller.acquire(first, body) : await caller.acquireAll(names, body);
    const { token = "", ticket = token } = answer.json;
    const claim = body.ticket ?? ticket;
    const exclusive = body.ticket
      ? body.ticket.startsWith("x")
      : (body.mode ?? (body.permits ? "shared" : "exclusive")) === "exclusive";
    if (claim && !body.ticket) given.unshift({ token: claim, names, exclusive });
    const asked = { claim, names, exclusive, permits: body.permits, ttlMs: body.ttlSeconds * 1000 };
    expect(told(answer, names)).toBe(model.acquire({ ...asked, isTicket: body.ticket !== undefined }));
    return outcomeOf(answer);
  }

  /** For the locks of the tenant, as if so much time had passed. */
  async function pass(seconds: number): Promise<void> {
    model.pass(seconds * 1000);
    for (const text of NAMES) {
      const [group = "", rest = ""] = text.split("/");
      for (const part of ["holders", "beats"] as const) {
        const key = lockKeys[part](tenant, { group, rest });
        const members = await raw.zrange(key, "0", "-1");
        for (const member of members) await raw.zincrby(key, -1000 * seconds, member);
      }
    }
  }

  /** Does it, and holds what is answered to what the model says. Gives the kind of answer. */
  async function execute(command: Command): Promise<string> {
    if (command.do === "acquire") return acquire(command.names, { ttlSeconds: command.ttl, ...command.mode });
    if (command.do === "pass") return pass(command.seconds).then(() => "passed");
    if (command.do === "look") {
      const { json } = await caller.get(command.name);
      const { grants, ...expected } = model.look(command.name);
      const held = json.holders.map(({ fencingToken }: Answer["json"]) =>
        grantOf(command.name, fencingToken),
      );
      const { holding, waiting, permits, fencingToken } = json;
      expect({ holding, waiting, permits, held: held.sort((a: number, b: number) => a - b) }).toEqual(
        expected,
      );
      if (grants > 0) expect(grantOf(command.name, fencingToken)).toBe(grants);
      return "looked";
    }
    const one = given[command.which];
    if (!one) return "nothing";
    const { token, names, exclusive } = one;
    if (command.do === "comeBack") {
      const permits = exclusive ? undefined : command.permits;
      const body = { ttlSeconds: command.ttl, ticket: token, ...(permits && { permits }) };
      return acquire(command.elsewhere ? ["g/b"] : names, body);
    }
    const outcomes: string[] = [];
    for (const name of names) {
      if (command.do === "extend") {
        const { status, json } = await caller.extend(name, token, command.ttl);
        const outcome = status === 200 ? `extended ${grantOf(name, json.fencingToken)}` : json.code;
        expect(outcome).toBe(model.extend(name, token, command.ttl * 1000));
        outcomes.push(outcome.split(" ")[0]);
      } else {
        const answer = await caller.release(name, token);
        expect(answer.status === 204 ? "given" : answer.json.code).toBe(model.release(name, token));
        outcomes.push(String(answer.status));
      }
    }
    return outcomes.join();
  }

  return { execute };
}
