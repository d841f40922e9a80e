import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { uniqueTenant } from "../api.ts";
import { composeLikes } from "../composition.ts";
import { readPages } from "../cursors.ts";
import { createCaller, type LikesCaller, subjectsOf, usersOf } from "../likes/caller.ts";
import { bodyOf, type Command, command, KINDS, LikesModel, SUBJECTS, USERS } from "./likes-model.ts";

const SPREADS = [
  ["of one partition", "10000"],
  ["of which the first partition is soon full", "3"],
  ["of which nearly everybody is elsewhere", "1"],
] as const;

interface World {
  /** Two sandboxes, of which one does not know what the other has learnt. */
  readonly callers: readonly LikesCaller[];
  readonly model: LikesModel;
}

async function execute({ callers, model }: World, command: Command, turn: number): Promise<void> {
  const { like, unlike, read, users, liked } = callers[turn % callers.length] as LikesCaller;
  if (command.do === "users") {
    const pages = await readPages((query) => users(command.subject, query), command.limit, usersOf);
    expect(pages.flat()).toEqual(model.users(command.subject));
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(command.limit);
    return;
  }
  if (command.do === "liked") {
    const pages = await readPages((query) => liked(command.user, query), command.limit, subjectsOf);
    expect(pages.flat().sort()).toEqual(model.subjects(command.user).sort());
    return;
  }
  const { subject, user } = command;
  if (command.do === "read") expect(await read(subject, user)).toEqual(model.known(subject, user));
  else if (command.do === "like") {
    model.like(command);
    expect(await like(subject, user, bodyOf(command))).toEqual(model.known(subject, user));
  } else {
    model.unlike(command);
    expect(await unlike(subject, user, bodyOf(command))).toEqual(model.known(subject, user));
  }
}

test.each(SPREADS)("whatever is done, subjects %s answer as their model does", async (_, members) => {
  const environment = {
    REDIS_DEADLINE_MS: "8000",
    LIKES_KINDS: JSON.stringify(KINDS),
    LIKES_PARTITION_MEMBERS: members,
    LIKES_PARTITIONS: "3",
  };
  const sandboxes = [1, 2].map(() => composeLikes(inject("redisUrl"), { environment }));
  afterAll(() => Promise.all(sandboxes.map(({ connection }) => connection.close())));
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 1, maxLength: 60, size: "max" }),
    async (commands) => {
      const tenant = uniqueTenant();
      const callers = sandboxes.map(({ apiOf }) => createCaller(apiOf(tenant)));
      const world: World = { callers, model: new LikesModel() };
      for (const [turn, command] of commands.entries()) await execute(world, command, turn);
      for (const subject of SUBJECTS) await execute(world, { do: "users", subject, limit: 2 }, 0);
      for (const user of USERS) await execute(world, { do: "liked", user, limit: 2 }, 1);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
