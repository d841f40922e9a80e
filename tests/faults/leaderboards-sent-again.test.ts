import { expect, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLeaderboards, until } from "../composition.ts";
import { createCaller } from "../leaderboards/caller.ts";
import { newKey, sendTwice, startCallers } from "./lost-replies.ts";

const { line, caller, other } = await startCallers(composeLeaderboards, createCaller);

/** Makes a board that the sandbox knows, too: the next reply to it is that of its operation. */
async function begin(board: string, settings: object, scores: number[] = []): Promise<void> {
  await other.begin(board, settings, scores);
  await caller.get(board);
}
const untilThere = (board: string, member: string) =>
  until(
    () => other.member(board, member),
    ({ status }) => status === 200,
  );

test.each([1, 3])(
  "a submission that is sent again does not undo what others wrote since it ran: %i",
  async (partitions) => {
    const board = newKey();
    await begin(board, { update: "last", partitions }, [5]);
    const submit = () => caller.submit(board, [{ member: "a", score: 1 }]);
    await sendTwice(line, submit, async () => {
      await untilThere(board, "a");
      await other.submit(board, [{ member: "a", score: 2 }]);
    });
    expect(await other.lines(board)).toEqual(["1 m0 5", "2 a 2"]);
  },
);

test.each([1, 3])(
  "a submission that is sent again does not bring back who was removed since: %i",
  async (partitions) => {
    const board = newKey();
    await begin(board, { update: "sum", partitions }, [5]);
    const submit = () => caller.submit(board, [{ member: "a", score: 1 }]);
    await sendTwice(line, submit, async () => {
      await untilThere(board, "a");
      await other.removeMember(board, "a");
    });
    expect(await other.lines(board)).toEqual(["1 m0 5"]);
  },
);

test("a submission that is sent again writes nothing to a board made anew since", async () => {
  const board = newKey();
  const settings = { update: "sum" };
  await begin(board, settings, [1]);
  const submit = () => caller.submit(board, [{ member: "a", score: 1 }]);
  const answer = await sendTwice(line, submit, async () => {
    await untilThere(board, "a");
    await other.remove(board);
    await other.begin(board, settings, [1]);
  });
  expect(answer.status, answer.text).toBe(200);
  expect(await other.lines(board)).toEqual(["1 m0 1"]);
});

test("a deletion that is sent again leaves the board alone that was made since it ran", async () => {
  const board = newKey();
  await begin(board, { partitions: 3 }, [2, 1]);
  const answer = await sendTwice(
    line,
    () => caller.remove(board),
    async () => {
      await until(
        () => other.get(board),
        ({ status }) => status === 404,
      );
      await other.put(board, { partitions: 3 });
      await other.submit(board, [{ member: "later", score: 1 }]);
    },
  );
  expect(answer.status).toBe(204);
  expect(await other.lines(board)).toEqual(["1 later 1"]);
});

test.each([1, 3])(
  "a removal that is sent again does not take off who has come back since it ran: %i",
  async (partitions) => {
    const board = newKey();
    await begin(board, { update: "last", partitions, ranking: "dense" }, [5, 4]);
    const removal = () => caller.removeMember(board, "m0");
    const answer = await sendTwice(line, removal, async () => {
      await until(
        () => other.member(board, "m0"),
        ({ status }) => status === 404,
      );
      await other.submit(board, [{ member: "m0", score: 3 }]);
    });
    expect(outcomeOf(answer)).toBe("204");
    expect(await other.lines(board)).toEqual(["1 m1 4", "2 m0 3"]);
  },
);

const untilDense = (board: string) =>
  until(
    () => other.get(board),
    ({ json }) => json.ranking === "dense",
  );

test("a change of a board that is sent again does not undo what others changed since it ran", async () => {
  const board = newKey();
  await begin(board, {});
  const change = () => caller.put(board, { ranking: "dense" });
  const answer = await sendTwice(line, change, async () => {
    await untilDense(board);
    await other.put(board, { ranking: "competition" });
  });
  expect(outcomeOf(answer)).toBe("200");
  expect((await other.get(board)).json.ranking).toBe("competition");
});

test("a board that is made by what is sent again does not come back after somebody deleted it", async () => {
  const board = newKey();
  const answer = await sendTwice(
    line,
    () => caller.put(board, { ranking: "dense" }),
    async () => {
      await untilDense(board);
      await other.remove(board);
    },
  );
  expect(outcomeOf(answer)).toBe("201");
  expect(outcomeOf(await other.get(board))).toBe("404 board_unknown");
});
