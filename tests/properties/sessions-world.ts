import { expect } from "vitest";
import { outcomeOf, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { readPages } from "../cursors.ts";
import { createCaller, type SessionsCaller, type Shown } from "../sessions/caller.ts";
import type { Command, Version } from "./sessions-commands.ts";
import { type ModelSession, SessionsModel } from "./sessions-model.ts";

export const MAX_PER_USER = 3;
/** Each verification is written down, and no grace ends while a test runs. */
export const environment = {
  SESSIONS_MAX_PER_USER: `${MAX_PER_USER}`,
  SESSIONS_TOUCH_SECONDS: "0",
  SESSIONS_ROTATION_GRACE_SECONDS: "300",
};

/** The real sessions and the model of them, side by side. */
export interface World {
  readonly caller: SessionsCaller;
  readonly model: SessionsModel;
  /** All that ever began, also those that ended. */
  readonly begun: ModelSession[];
}

export function createWorld({ apiOf }: Pick<Composition, "apiOf">): World {
  return { caller: createCaller(apiOf(uniqueTenant())), model: new SessionsModel(MAX_PER_USER), begun: [] };
}

/** Runs a command on the real sessions, holds the answer to what the model expects, and moves the model on. */
export async function execute(world: World, command: Command): Promise<void> {
  if (command.do === "begin") return begin(world, command);
  if (command.do === "list") return list(world, command);
  if (command.do === "endAll") return endAll(world, command);
  const session = pick(world.begun, command.which);
  if (!session) return;
  if (command.do === "verify") return verify(world, session, command.token);
  if (command.do === "patch") return patch(world, session, command);
  if (command.do === "get") return get(world, session);
  if (command.do === "end") return end(world, session);
  for (let i = 0; i < command.times; i++) await rotate(world, session);
}

const pick = <T>(from: readonly T[], index: number): T | undefined =>
  from.at(-1 - (index % Math.max(1, from.length)));

/** What of an answer the model knows. */
const known = ({ id, userId, data, version, lastSeenAt }: ModelSession | Shown) => ({
  id,
  userId,
  data,
  version,
  lastSeenAt,
});

async function begin(
  { caller, model, begun }: World,
  { userId, data }: Command & { do: "begin" },
): Promise<void> {
  const { session, token, evicted } = await caller.begin(userId, { data });
  const { id, lastSeenAt } = session;
  const made: ModelSession = { id, userId, data, version: 1, lastSeenAt, tokens: [token] };
  expect(known(session)).toEqual(known(made));
  expect(evicted).toEqual(model.begin(made));
  begun.push(made);
}

async function verify({ caller, model }: World, session: ModelSession, token: number): Promise<void> {
  const presented = pick(session.tokens, token) ?? "";
  const answer = await caller.verify(presented);
  if (!model.accepts(presented, session)) expect(outcomeOf(answer)).toBe("401 session_unknown");
  else if (!model.live(session.id)) expect(outcomeOf(answer)).toBe("401 session_revoked");
  else {
    const shown: Shown = answer.json.session;
    expect(shown.lastSeenAt >= session.lastSeenAt).toBe(true);
    session.lastSeenAt = shown.lastSeenAt;
    expect(known(shown)).toEqual(known(session));
  }
}

async function get({ caller, model }: World, session: ModelSession): Promise<void> {
  const answer = await caller.get(session.id);
  if (model.live(session.id)) expect(known(answer.json.session)).toEqual(known(session));
  else expect(outcomeOf(answer)).toBe("404 session_revoked");
}

async function rotate({ caller, model }: World, session: ModelSession): Promise<void> {
  const answer = await caller.rotate(session.id);
  if (!model.live(session.id)) return expect(outcomeOf(answer)).toBe("404 session_revoked");
  expect(known(answer.json.session)).toEqual(known(session));
  session.tokens.push(answer.json.token);
}

const TAGS: Record<Exclude<Version, "none">, (version: number) => string> = {
  any: () => "*",
  present: (version) => `"other", "${version}"`,
  past: (version) => `"${version - 1}", W/"${version}"`,
};

async function patch(
  { caller, model }: World,
  session: ModelSession,
  { change, version }: Command & { do: "patch" },
): Promise<void> {
  const headers = version === "none" ? {} : { "if-match": TAGS[version](session.version) };
  const answer = await caller.patch(session.id, change, headers);
  if (!model.live(session.id)) return expect(outcomeOf(answer)).toBe("404 session_revoked");
  if (version === "past") return expect(outcomeOf(answer)).toBe("412 precondition_failed");
  model.patch(session, change);
  expect(known(answer.json.session)).toEqual(known(session));
  expect(answer.headers.etag).toBe(`"${session.version}"`);
}

async function end({ caller, model }: World, session: ModelSession): Promise<void> {
  expect(outcomeOf(await caller.end(session.id))).toBe("204");
  model.end(session.id);
}

async function endAll({ caller, model, begun }: World, command: Command & { do: "endAll" }): Promise<void> {
  const { userId, except } = command;
  const kept = except === undefined ? undefined : pick(begun, except);
  const answer = await caller.endAll(userId, kept?.id);
  if (kept && kept.userId !== userId) return expect(outcomeOf(answer)).toBe("400 invalid_request");
  expect(outcomeOf(answer)).toBe("204");
  model.endAll(userId, kept?.id);
}

async function list({ caller, model }: World, { userId, limit }: Command & { do: "list" }): Promise<void> {
  const pages = await readPages(
    (query) => caller.list(userId, query),
    limit,
    ({ json }): Shown[] => json.sessions,
  );
  for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit);
  for (const shown of pages.flat()) expect(known(shown)).toEqual(known(model.live(shown.id) ?? shown));
  const ids = pages.flat().map(({ id }) => id);
  const expected = model.ofUser(userId).map(({ id }) => id);
  expect([...ids].sort()).toEqual(expected);
  // Those of one millisecond come in any order.
  const times = ids.map((id) => id.slice(20, 29));
  expect(times).toEqual([...times].sort().reverse());
}
