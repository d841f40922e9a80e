import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Settings } from "../../lib/leaderboards/board.ts";
import { type Answer, type CallOptions, outcomeOf, uniqueTenant } from "../api.ts";
import type { Composition } from "../composition.ts";
import { type Change, type Command, changed, type Range } from "./leaderboards-commands.ts";
import { LeaderboardModel, type Row } from "./leaderboards-model.ts";

/** No period of it ends while a test runs. */
const timeZone = new Date().getUTCHours() % 23 === 0 ? "Asia/Tokyo" : "UTC";

/** A page that others follow. */
interface Bookmark {
  readonly query: Record<string, string>;
  readonly range: Range;
  readonly cursor: string;
  readonly last: Row;
  /** The board that it is of. */
  readonly model: LeaderboardModel;
}

/** A real board and the model of it, side by side. */
export interface World {
  /** Calls functions that know different versions of the board, in turn. */
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  model: LeaderboardModel;
  readonly bookmarks: Bookmark[];
  /** Whether a call that overflows is one about one member: a partition does not undo what another has written. */
  readonly overflowsAlone: boolean;
}

export type Rules = Pick<Settings, "order" | "update" | "ties" | "ranking">;

export async function createWorld(
  sandboxes: readonly Pick<Composition, "apiOf">[],
  settings: Rules & Pick<Settings, "partitions"> & Partial<Settings>,
  overflowsAlone = settings.partitions !== 1,
): Promise<World> {
  const tenant = uniqueTenant();
  const apis = sandboxes.map(({ apiOf }) => apiOf(tenant));
  let calls = 0;
  const call: World["call"] = (method, path, options) =>
    (apis[calls++ % apis.length] as World["call"])(method, `/v1/leaderboards/board${path}`, options);
  const whole = { windows: ["all" as const], timeZone, pastWindows: 1, ...settings };
  const world = { call, model: new LeaderboardModel(whole), bookmarks: [], overflowsAlone };
  hold(await call("PUT", "", { body: whole }), 201, whole);
  return world;
}

/** Runs a command on the real board, holds the answer to what the model expects, and moves the model on. */
export async function execute(world: World, command: Command): Promise<unknown> {
  if (command.do === "submit") return submit(world, command);
  if (command.do === "list") return list(world, command);
  if (command.do === "next") return next(world, command);
  if (command.do === "change") return change(world, command.change);
  if (command.do === "recreate") return recreate(world);
  if (command.do === "remove") {
    const answer = await world.call("DELETE", `/members/${encodeURIComponent(command.member)}`);
    world.model.remove(command.member);
    return hold(answer, 204);
  }
  if (command.do === "count") return count(world);
  return read(world, command);
}

/** Everything that can be asked. */
export async function readAll(world: World, members: readonly string[]): Promise<void> {
  await execute(world, { do: "count" });
  for (const window of world.model.settings.windows.keys()) {
    await execute(world, { do: "list", window, range: {}, offset: 0, limit: 1000 });
    await execute(world, { do: "batch", window, members });
  }
}

/** Gives what the answer says, but for its cursor and how many partitions there are. */
function hold(answer: Answer, status: number, body?: unknown): unknown {
  expect(answer.status, answer.text).toBe(status);
  if (status === 204) return undefined;
  const { next, ...json } = answer.json;
  expect(json).toEqual(body);
  const { partitions, ...told } = json;
  return told;
}

function holdProblem(answer: Answer, outcome: string): string {
  expect(outcomeOf(answer)).toBe(outcome);
  return outcome;
}

function windowOf({ model }: World, number: number): { window?: string } {
  const { windows } = model.settings;
  if (number === 0) return {};
  return { window: number < 0 ? "weekly" : (windows[number % windows.length] as string) };
}

async function submit(world: World, command: Command & { do: "submit" }): Promise<unknown> {
  const { model } = world;
  const entries = (world.overflowsAlone && model.overflowing(command.entries)) || command.entries;
  const headers = command.again ? { "idempotency-key": randomUUID() } : {};
  const made = model.submit(entries);
  // Where there are partitions, a board is in use when the first scores are tried.
  if (!made && !model.used) return;
  const answers: unknown[] = [];
  for (let times = command.again ? 2 : 1; times > 0; times--) {
    const answer = await world.call("POST", "/scores", { body: { entries }, headers });
    if (!made) answers.push(holdProblem(answer, "409 score_overflow"));
    else {
      const results = made.map(({ member, outcome }) => {
        const windows = Object.fromEntries(model.settings.windows.map((window) => [window, outcome]));
        return { member, windows };
      });
      answers.push(hold(answer, 200, { results }));
    }
  }
  return answers;
}

async function list(world: World, command: Command & { do: "list" }): Promise<unknown> {
  const { window, range, offset, limit } = command;
  const bounds = Object.entries(range).map(([name, score]) => [name, `${score}`]);
  const query = { ...windowOf(world, window), ...Object.fromEntries(bounds) };
  const options = { ...query, limit: `${limit}`, ...(offset > 0 && { offset: `${offset}` }) };
  const answer = await world.call("GET", "/ranks", { query: options });
  if (window < 0) return holdProblem(answer, "404 window_unknown");
  return holdPage(world, answer, { query, range }, { ...range, offset, limit });
}

async function next(world: World, { which, limit }: Command & { do: "next" }): Promise<unknown> {
  const bookmark = world.bookmarks.at(-1 - which);
  if (!bookmark) return;
  const { query, range, cursor, last, model } = bookmark;
  const answer = await world.call("GET", "/ranks", { query: { ...query, limit: `${limit}`, cursor } });
  if (model !== world.model) return holdProblem(answer, "400 invalid_request");
  return holdPage(world, answer, bookmark, { ...range, after: last, limit });
}

function holdPage(
  { model, bookmarks }: World,
  answer: Answer,
  { query, range }: Pick<Bookmark, "query" | "range">,
  asked: Parameters<LeaderboardModel["page"]>[0],
): unknown {
  const { entries, last } = model.page(asked);
  const told = hold(answer, 200, { entries });
  const cursor: string | undefined = answer.json.next;
  expect(cursor !== undefined, "whether others follow").toBe(last !== undefined);
  if (cursor && last) bookmarks.push({ query, range, cursor, last, model });
  return told;
}

type Reading = Command & { do: "get" | "batch" | "rankOf" };

async function read(world: World, command: Reading): Promise<unknown> {
  const answer = await ask(world, command, windowOf(world, command.window));
  if (command.window < 0) return holdProblem(answer, "404 window_unknown");
  const expected = expectedOf(world.model, command);
  return expected ? hold(answer, 200, expected) : holdProblem(answer, "404 member_unknown");
}

function ask({ call }: World, command: Reading, window: { window?: string }): Promise<Answer> {
  if (command.do === "batch")
    return call("POST", "/members/batch-get", { query: window, body: { members: command.members } });
  if (command.do === "get") {
    const query = { ...window, around: `${command.around}` };
    return call("GET", `/members/${encodeURIComponent(command.member)}`, { query });
  }
  const { score, member } = command;
  const query = { ...window, score: `${score}`, ...(member !== undefined && { member }) };
  return call("GET", "/rank-of", { query });
}

function expectedOf(model: LeaderboardModel, command: Reading): unknown {
  if (command.do === "batch") return { members: model.among(command.members) };
  if (command.do === "get") return model.around(command.member, command.around);
  const { score, member } = command;
  return { score: score + 0, rank: model.rankOfNew(score, member) };
}

async function count({ call, model }: World): Promise<unknown> {
  const counts = Object.fromEntries(model.settings.windows.map((window) => [window, model.rows.length]));
  return hold(await call("GET", ""), 200, { ...model.settings, counts });
}

async function change(world: World, kind: Change): Promise<unknown> {
  const { call, model } = world;
  const { settings, allowed } = changed(model.settings, kind);
  const answer = await call("PUT", "", { body: settings });
  if (!allowed && model.used) return holdProblem(answer, "409 board_in_use");
  hold(answer, 200, settings);
  model.settings = settings;
}

async function recreate(world: World): Promise<void> {
  const { call, model } = world;
  hold(await call("DELETE", ""), 204);
  holdProblem(await call("GET", ""), "404 board_unknown");
  holdProblem(await call("GET", "/ranks"), "404 board_unknown");
  hold(await call("PUT", "", { body: model.settings }), 201, model.settings);
  world.model = new LeaderboardModel(model.settings);
}
