import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { newSecret } from "../../lib/opaque-token.ts";
import { outcomeOf, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { createCaller, grantOf, idsOf, type Pair, type TokensCaller } from "../tokens/caller.ts";
import type { Command, GrantCommand, UserCommand } from "./tokens-commands.ts";
import { GRANTED, LESS, type ModelGrant, type TokensModel } from "./tokens-model.ts";

const FAMILY_LENGTH = 24;
/** So many of those that have ended are tried beside those in force. */
const ENDED = 2;

/** The real tokens and the model of them, side by side. */
export interface World {
  readonly caller: TokensCaller;
  /** Of another tenant. */
  readonly stranger: TokensCaller;
  readonly model: TokensModel;
  /** What has come of refreshes and issues so far. */
  readonly reached: Set<string>;
}

export function createWorld({ apiOf }: Pick<Composition, "apiOf">, model: TokensModel): World {
  const [caller, stranger] = [createCaller(apiOf(uniqueTenant())), createCaller(apiOf(uniqueTenant()))];
  return { caller, stranger, model, reached: new Set() };
}

/** Runs a command on the real tokens, holds the answer to what the model expects, and moves the model on. */
export function execute(world: World, command: Command): Promise<void> {
  return "user" in command ? executeForUser(world, command) : executeForGrant(world, command);
}

async function executeForUser(world: World, { do: what, user }: UserCommand): Promise<void> {
  if (what === "issue") return issue(world, user);
  if (what === "list") return list(world, user);
  expect(outcomeOf(await world.caller.endAll(user))).toBe("204");
  for (const grant of world.model.of(user)) grant.ended = true;
}

async function executeForGrant(world: World, command: GrantCommand): Promise<void> {
  const { caller, model } = world;
  const ended = model.grants.filter((grant) => grant.ended).slice(-ENDED);
  const candidates = [...model.grants.filter((grant) => !grant.ended), ...ended];
  const grant = candidates[command.grant % Math.max(1, candidates.length)];
  if (!grant) return;
  if (command.do === "forge") return forge(world, grant, command.knowsFamily);
  if (command.do === "end") {
    expect(outcomeOf(await caller.endGrant(idOf(grant)))).toBe("204");
    grant.ended = true;
    return;
  }
  const age = Math.min(command.age, grant.pairs.length - 1);
  const pair = grant.pairs.at(-1 - age) as Pair;
  switch (command.do) {
    case "refresh":
      return refresh(world, grant, { ...command, age }, pair);
    case "revokeRefresh":
      expect(outcomeOf(await caller.revoke(pair.refresh_token))).toBe("200");
      grant.ended = true;
      return;
    case "revokeAccess":
      expect(outcomeOf(await caller.revoke(pair.access_token))).toBe("200");
      grant.revokedAccess.add(pair.access_token);
      return;
    case "introspect":
      return introspect(world, grant, pair);
    case "mixUp":
      expect(outcomeOf(await caller.refresh(pair.access_token))).toBe("400 invalid_grant");
      return;
    case "strange":
      return strange(world, grant, pair);
  }
}

/** Looks at every token that was ever given: of a family one refresh token is in force at most. */
export async function lookAtAll(world: World): Promise<void> {
  for (const grant of world.model.grants) {
    for (const pair of grant.pairs) await introspect(world, grant, pair);
    const inForce = await Promise.all(
      grant.pairs.map(({ refresh_token }) => world.caller.isActive(refresh_token)),
    );
    expect(inForce.filter(Boolean).length).toBeLessThanOrEqual(1);
  }
}

const idOf = (grant: ModelGrant) => grantOf(grant.pairs[0]?.access_token ?? "");

async function issue({ caller, model, reached }: World, user: string): Promise<void> {
  await sleep(2); // those of one millisecond are equally old
  const before = model.of(user).length;
  const device = model.grants.length % 2 ? "phone" : undefined;
  model.issue(user, device, await caller.begin(user, { scope: GRANTED, ...(device && { device }) }));
  if (model.of(user).length === before) reached.add("evicted");
}

async function list({ caller, model }: World, user: string): Promise<void> {
  expect(idsOf(await caller.list(user))).toEqual(model.of(user).map(idOf).reverse());
}

async function refresh(
  { caller, model, reached }: World,
  grant: ModelGrant,
  { age, named, asked }: Extract<GrantCommand, { do: "refresh" }>,
  { refresh_token }: Pair,
): Promise<void> {
  const names = {
    nothing: {},
    "the client and device": { client_id: "app", ...(grant.device && { device: grant.device }) },
    "another client": { client_id: "ap" },
    "another device": { device: "tablet" },
  };
  const scope = { nothing: {}, less: { scope: LESS }, more: { scope: `${GRANTED} admin` } };
  const answer = await caller.refresh(refresh_token, { ...names[named], ...scope[asked] });
  const expected = model.present(grant, age, named, asked);
  if (expected === "rotated") {
    const pair: Pair = answer.json;
    expect(outcomeOf(answer)).toBe("200");
    expect(pair.scope).toBe(asked === "less" ? LESS : GRANTED);
    const given = model.grants.flatMap(({ pairs }) => pairs.flatMap((each) => Object.values(each)));
    expect(given).not.toContain(pair.access_token);
    expect(given).not.toContain(pair.refresh_token);
    grant.pairs.push(pair);
    reached.add("rotated");
  } else if ("replayed" in expected) {
    expect(answer.json).toEqual(expected.replayed);
    reached.add("replayed");
  } else {
    expect(outcomeOf(answer)).toBe(`400 ${expected.refused}`);
    reached.add(expected.theft ? "theft" : expected.refused);
    if (expected.theft) grant.ended = true;
  }
}

/** Who knows the secret of a family has seen one of its tokens, and is a thief; anybody may know the id. */
async function forge({ caller }: World, grant: ModelGrant, knowsFamily: boolean): Promise<void> {
  const [id, secret = ""] = (grant.pairs[0]?.refresh_token ?? "").split(".");
  const made = newSecret(50);
  const family = (knowsFamily ? secret : made).slice(0, FAMILY_LENGTH);
  const forged = `${id}.${family}${made.slice(FAMILY_LENGTH)}`;
  expect((await caller.introspect(forged)).json).toEqual({ active: false });
  expect(outcomeOf(await caller.refresh(forged))).toBe("400 invalid_grant");
  expect(outcomeOf(await caller.revoke(forged))).toBe("200");
  if (knowsFamily) grant.ended = true;
}

async function introspect({ caller, model }: World, grant: ModelGrant, pair: Pair): Promise<void> {
  const active = model.isActive(grant, pair);
  const access = (await caller.introspect(pair.access_token)).json;
  const refresh = (await caller.introspect(pair.refresh_token)).json;
  const head = { active: true, sub: grant.user, client_id: "app" };
  if (active.access) expect(access).toMatchObject({ ...head, scope: pair.scope, token_type: "Bearer" });
  else expect(access).toEqual({ active: false });
  if (active.refresh) expect(refresh).toMatchObject({ ...head, scope: GRANTED, token_type: "refresh_token" });
  else expect(refresh).toEqual({ active: false });
}

/** Another tenant that knows everything. */
async function strange({ stranger }: World, grant: ModelGrant, pair: Pair): Promise<void> {
  for (const token of [pair.access_token, pair.refresh_token]) {
    expect((await stranger.introspect(token)).json).toEqual({ active: false });
    expect(outcomeOf(await stranger.refresh(token))).toBe("400 invalid_grant");
    expect(outcomeOf(await stranger.revoke(token))).toBe("200");
  }
  expect(outcomeOf(await stranger.endGrant(idOf(grant)))).toBe("204");
  expect(outcomeOf(await stranger.endAll(grant.user))).toBe("204");
  expect(idsOf(await stranger.list(grant.user))).toEqual([]);
}
