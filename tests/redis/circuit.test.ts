import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCircuit } from "../../lib/redis/circuit.ts";
import { RedisUnavailable } from "../../lib/redis/errors.ts";

/** How long a server that is away keeps who asks it waiting. */
const TRY_MS = 3000;
const FIRST_PAUSE_MS = 125;
const LONGEST_PAUSE_MS = 1250;
const OPENS_AFTER = 3;

/** Added to the clock while no timer runs. */
let frozenMs = 0;

beforeEach(() => {
  frozenMs = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  vi.spyOn(performance, "now").mockImplementation(() => Date.now() + frozenMs);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A server that is there or away, asked through a circuit. */
function start(tryMs = TRY_MS) {
  const server = { isAway: false, refuses: false, probes: 0, probing: 0, mostProbing: 0 };
  const ask = async () => {
    const { isAway, refuses } = server;
    if (isAway && !refuses) await new Promise((resolve) => setTimeout(resolve, tryMs));
    if (isAway) throw new RedisUnavailable("away");
    return "served";
  };
  async function probe() {
    server.probes++;
    server.mostProbing = Math.max(server.mostProbing, ++server.probing);
    await ask().finally(() => server.probing--);
  }
  const circuit = createCircuit(probe, tryMs);

  /** What so many callers of one moment are told, and how many of them have asked the server. */
  async function call(callers = 1) {
    let asked = 0;
    const work = () => {
      asked++;
      return ask();
    };
    const calls = Array.from({ length: callers }, () =>
      circuit.through(work).catch((error: RedisUnavailable) => error),
    );
    await pass(asked > 0 && server.isAway ? tryMs : 0);
    const answers = await Promise.all(calls);
    return { asked, answers };
  }
  const open = async () => {
    server.isAway = true;
    for (let wait = 0; wait < OPENS_AFTER; wait++) await call();
  };
  return { server, circuit, call, open };
}

describe("a circuit", () => {
  test("opens after three waits in vain, in a row, of which those of the same time are one", async () => {
    const { server, circuit, call } = start();
    const refuse = () => Promise.reject(new RedisUnavailable("READONLY", { answers: true }));
    server.isAway = true;
    await call();
    await call();
    await expect(circuit.through(refuse)).rejects.toThrow("READONLY");
    for (const callers of [1, 100]) expect((await call(callers)).asked).toBe(callers);
    server.isAway = false;
    expect((await call()).answers).toEqual(["served"]);
    server.isAway = true;
    for (const callers of [100, 1, 50]) expect((await call(callers)).asked).toBe(callers);
    const { asked, answers } = await call(1000);
    expect(asked).toBe(0);
    for (const answer of answers as RedisUnavailable[]) {
      expect(answer).toBeInstanceOf(RedisUnavailable);
      expect(answer.retryAfterMs).toBeGreaterThan(0);
      expect(answer.retryAfterMs).toBeLessThanOrEqual(1000);
    }
  });

  test.each([50, 90])("opens as well where nobody waits longer than %i ms", async (tryMs) => {
    const { server, call, open } = start(tryMs);
    await open();
    expect((await call(10)).asked).toBe(0);
    server.isAway = false;
    await pass(LONGEST_PAUSE_MS);
    expect((await call()).answers).toEqual(["served"]);
  });

  test.each<[string, Error, number]>([
    ["a server that answers, and refuses this", new RedisUnavailable("READONLY", { answers: true }), TRY_MS],
    ["a server that refuses at once", new RedisUnavailable("ECONNREFUSED"), 10],
    ["a mistake of ours", new TypeError("ours"), TRY_MS],
  ])("stays closed for %s", async (_, error, afterMs) => {
    const { circuit } = start();
    for (let time = 0; time < 10; time++) {
      const asked = circuit.through(async () => {
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        throw error;
      });
      const told = expect(asked).rejects.toBe(error);
      await pass(afterMs);
      await told;
    }
  });

  test("probes a server that is away about once a second, and soon when it has only just gone", async () => {
    const { server, call, open } = start();
    for (let time = 0; time < 2; time++) {
      await open();
      const before = server.probes;
      server.refuses = true;
      await pass(FIRST_PAUSE_MS);
      expect(server.probes - before).toBe(1);
      await pass(60_000);
      expect(server.probes - before).toBeGreaterThan(45);
      expect(server.probes - before).toBeLessThan(85);
      Object.assign(server, { isAway: false, refuses: false });
      await pass(LONGEST_PAUSE_MS);
      expect((await call()).answers).toEqual(["served"]);
    }
  });

  test("closes for good with the probe that succeeds, though nobody asks", async () => {
    const { server, call, open } = start();
    await open();
    server.isAway = false;
    await pass(TRY_MS + LONGEST_PAUSE_MS);
    expect((await call(100)).asked).toBe(100);
    const { probes } = server;
    await pass(60_000);
    expect(server.probes).toBe(probes);
  });

  test("lets everybody go on when the server is known to be there, until one waits in vain", async () => {
    const { server, circuit, call, open } = start();
    await open();
    circuit.recovered();
    await pass(LONGEST_PAUSE_MS);
    expect(server.probes).toBe(0);
    expect((await call(5)).asked).toBe(5);
    expect((await call(5)).asked).toBe(0);
  });

  test("lets the first caller of a sandbox that was frozen try, and nobody else meanwhile", async () => {
    const { server, call, open } = start();
    await open();
    frozenMs += 60_000;
    expect((await call(5)).asked).toBe(1);
    expect(server.probes).toBe(0);
    expect((await call(5)).asked).toBe(0);
    frozenMs += 60_000;
    server.isAway = false;
    expect((await call()).answers).toEqual(["served"]);
    expect((await call(5)).asked).toBe(5);
  });
});

test("whatever happens, it is open exactly while it should be, and probes now and then", async () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("call"), amount: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ what: fc.constant("wait"), amount: fc.integer({ min: 0, max: 9000 }) }),
    fc.record({ what: fc.constantFrom("freeze", "leave", "return"), amount: fc.constant(60_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { server, call } = start();
      let waitsInVain = 0;
      let wasFrozen = false;
      for (const { what, amount } of steps) {
        const isOpen = waitsInVain >= OPENS_AFTER;
        if (what === "call") {
          const { asked } = await call(amount);
          expect(asked).toBe(isOpen ? Number(wasFrozen) : amount);
          if (asked > 0) waitsInVain = server.isAway ? waitsInVain + 1 : 0;
          wasFrozen = false;
        } else if (what === "wait") {
          const before = server.probes;
          await pass(amount);
          const probes = server.probes - before;
          if (!isOpen) expect(probes).toBe(0);
          else if (!wasFrozen && amount > 2 * LONGEST_PAUSE_MS + TRY_MS) expect(probes).toBeGreaterThan(0);
          expect(probes).toBeLessThanOrEqual(1 + amount / TRY_MS);
        } else if (what === "freeze") {
          frozenMs += amount;
          wasFrozen = isOpen;
        } else if (what === "leave") server.isAway = true;
        else if (server.isAway) {
          server.isAway = false;
          await pass(TRY_MS + LONGEST_PAUSE_MS);
          if (isOpen) waitsInVain = 0;
          wasFrozen = false;
        }
      }
      expect(server.mostProbing).toBeLessThanOrEqual(1);
      vi.clearAllTimers();
    }),
  );
});
