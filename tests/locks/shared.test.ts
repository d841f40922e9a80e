import { afterAll, describe, expect, inject, test } from "vitest";
import { outcomeOf } from "../api.ts";
import { composeLocks } from "../composition.ts";
import { createCaller } from "./caller.ts";

const sandbox = composeLocks(inject("redisUrl"), { environment: { LOCKS_HEARTBEAT_SECONDS: "60" } });
const { acquire, take, queueUp, release, get } = createCaller(sandbox.api);
afterAll(() => sandbox.connection.close());

const SHARED = { mode: "shared" };

describe("a lock with permits", () => {
  test("is held by as many, each with a fencing token of its own", async () => {
    const tokens = [await take("three", { permits: 3 }), await take("three", { permits: 3 })];
    tokens.push(await take("three", { permits: 3 }));
    const [first = 0] = tokens.map(({ fencingToken }) => fencingToken);
    expect(tokens.map(({ fencingToken }) => fencingToken)).toEqual([first, first + 1, first + 2]);
    expect(outcomeOf(await acquire("three", { permits: 3 }))).toBe("409 lock_held");
    expect((await get("three")).json).toMatchObject({ holding: 3, waiting: 1, permits: 3 });
    expect((await get("three")).json.holders.map(({ mode }: { mode: string }) => mode)).toEqual(
      Array(3).fill("shared"),
    );
  });

  test("lets those in for whom there is room behind all that came before, in whichever order they come back", async () => {
    const held = [await take("room", { permits: 2 }), await take("room", { permits: 2 })];
    const tickets = [
      await queueUp("room", { permits: 2 }),
      await queueUp("room", { permits: 2 }),
      await queueUp("room", { permits: 2 }),
    ];
    for (const { token } of held) await release("room", token);
    expect(outcomeOf(await acquire("room", { ticket: tickets[2] }))).toBe("409 lock_held");
    expect((await acquire("room", { ticket: tickets[1] })).status).toBe(201);
    expect(outcomeOf(await acquire("room", { ticket: tickets[2] }))).toBe("409 lock_held");
    expect((await acquire("room", { ticket: tickets[0] })).status).toBe(201);
  });

  test("keeps their number while somebody shares it or waits to, and takes another then", async () => {
    const { token } = await take("number", { permits: 2 });
    for (const permits of [1, 3])
      expect(outcomeOf(await acquire("number", { permits }))).toBe("409 permits_mismatch");
    expect(outcomeOf(await acquire("number", SHARED)), "as many as may be").toBe("409 permits_mismatch");
    expect((await get("number")).json.permits).toBe(2);
    const writer = await queueUp("number");
    const reader = await queueUp("number", { permits: 2 });
    await release("number", token);
    expect((await get("number")).json.permits).toBeUndefined();
    expect(outcomeOf(await acquire("number", { permits: 3 })), "somebody waits").toBe("409 permits_mismatch");
    for (const ticket of [reader, writer]) await release("number", ticket);
    await take("number", { permits: 3 });
  });

  test("has not the number of somebody who does not wait any more", async () => {
    const { token } = await take("gone");
    await release("gone", await queueUp("gone", { permits: 7 }));
    const tickets = [await queueUp("gone", { permits: 2 }), await queueUp("gone", { permits: 2 })];
    const third = await queueUp("gone", { permits: 2 });
    await release("gone", token);
    for (const ticket of tickets) expect((await acquire("gone", { ticket })).status).toBe(201);
    expect(outcomeOf(await acquire("gone", { ticket: third }))).toBe("409 lock_held");
    expect((await get("gone")).json.permits).toBe(2);
  });

  test("keeps their number when somebody comes back with it, and refuses another as it does the first time", async () => {
    const { token } = await take("back");
    const tickets = [await queueUp("back", { permits: 2 }), await queueUp("back", { permits: 2 })];
    for (const permits of [1, 3])
      for (const ticket of tickets)
        expect(outcomeOf(await acquire("back", { ticket, permits }))).toBe("409 permits_mismatch");
    const back = await acquire("back", { ticket: tickets[1], permits: 2 });
    expect(back.json).toMatchObject({ code: "lock_held", position: 2, ticket: tickets[1] });
    await release("back", token);
    for (const ticket of tickets) expect((await acquire("back", { ticket })).status).toBe(201);
    expect((await get("back")).json).toMatchObject({ holding: 2, permits: 2 });
  });

  test("has no permits for who is to have it alone", async () => {
    await take("alone", { permits: 2 });
    const ticket = await queueUp("alone");
    for (const body of [{ mode: "exclusive" }, { ticket }, { ticket, mode: "exclusive" }]) {
      const refused = await acquire("alone", { ...body, permits: 2 });
      expect(outcomeOf(refused)).toBe("400 invalid_request");
      expect(refused.json.errors).toMatchObject([{ path: "body.permits" }]);
    }
    expect((await acquire("alone", { ticket, mode: "exclusive" })).json.position).toBe(1);
    expect((await get("alone")).json).toMatchObject({ holding: 1, waiting: 1 });
  });

  test("is taken as a whole by who names no permits", async () => {
    const { token } = await take("whole", { permits: 5 });
    const ticket = await queueUp("whole");
    await release("whole", token);
    expect((await acquire("whole", { ticket })).status).toBe(201);
    expect(outcomeOf(await acquire("whole", { permits: 5 }))).toBe("409 lock_held");
  });

  test("with one permit is the same as one without", async () => {
    const { token } = await take("single", { permits: 1 });
    const ticket = await queueUp("single");
    await release("single", token);
    expect((await acquire("single", { ticket })).status).toBe(201);
  });
});

describe("readers and writers", () => {
  test("readers hold it together, a writer alone", async () => {
    const readers = [await take("rw", SHARED), await take("rw", SHARED)];
    const writer = await queueUp("rw");
    for (const { token } of readers) {
      expect(outcomeOf(await acquire("rw", { ticket: writer }))).toBe("409 lock_held");
      await release("rw", token);
    }
    expect((await acquire("rw", { ticket: writer })).status).toBe(201);
    expect(outcomeOf(await acquire("rw", SHARED))).toBe("409 lock_held");
  });

  test("readers that come after a writer wait until it had its turn", async () => {
    const { token } = await take("starve", SHARED);
    const writer = await queueUp("starve");
    const late = [await queueUp("starve", SHARED), await queueUp("starve", SHARED)];
    for (const ticket of late)
      expect(outcomeOf(await acquire("starve", { ticket })), "there is a permit left").toBe("409 lock_held");
    await release("starve", token);
    for (const ticket of late) expect(outcomeOf(await acquire("starve", { ticket }))).toBe("409 lock_held");
    expect((await acquire("starve", { ticket: writer })).status).toBe(201);
    await release("starve", writer);
    for (const ticket of late) expect((await acquire("starve", { ticket })).status).toBe(201);
  });

  test("readers go on as soon as a writer gives up its place", async () => {
    await take("shy", SHARED);
    const writer = await queueUp("shy");
    const reader = await queueUp("shy", SHARED);
    await release("shy", writer);
    expect((await acquire("shy", { ticket: reader })).status).toBe(201);
  });

  test("a ticket keeps its mode", async () => {
    await take("mode");
    const ticket = await queueUp("mode", SHARED);
    expect(ticket).toMatch(/^s/);
    expect(outcomeOf(await acquire("mode", { ticket, mode: "exclusive" }))).toBe("400 invalid_request");
    expect(outcomeOf(await acquire("mode", { ticket: ticket.replace("s", "x") }))).toBe("409 ticket_lost");
    expect((await acquire("mode", { ticket, mode: "shared" })).json.position).toBe(1);
  });
});
