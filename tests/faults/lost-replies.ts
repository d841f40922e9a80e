import { afterAll, describe, expect, inject, test } from "vitest";
import type { Contract } from "../../lib/http/contract.ts";
import type { Answer } from "../api.ts";
import type { Composition, CompositionOptions } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

export interface Operation {
  /** Its name in the contract. */
  readonly of: string;
  /** What must be there before. */
  readonly prepare?: (key: string) => Promise<unknown>;
  readonly run: (key: string, prepared: unknown) => Promise<Answer>;
  /** Looks at what is there afterwards; the same however the operation went. */
  readonly state: (key: string, answer: Answer, prepared: unknown) => Promise<unknown>;
}

/** A sandbox behind a proxy that loses replies, and somebody else of the same tenant, whose connection is fine. */
export interface Line<T> {
  readonly proxy: TcpProxy;
  readonly sandbox: Composition<T>;
  readonly other: Composition<T>;
  close(): Promise<void>;
}

export async function startLine<T>(
  compose: (redisUrl: string, options?: CompositionOptions) => Composition<T>,
): Promise<Line<T>> {
  const proxy = await startTcpProxy(inject("redisUrl"));
  const sandbox = compose(proxy.url);
  const other = compose(inject("redisUrl"), { tenant: sandbox.tenant });
  return {
    proxy,
    sandbox,
    other,
    async close() {
      await sandbox.connection.close();
      await other.connection.close();
      await proxy.close();
    },
  };
}

/** The line of a test file, with the calls of its sandbox and those of the other, whose connection is fine. */
export async function startCallers<T, C>(
  compose: (redisUrl: string, options?: CompositionOptions) => Composition<T>,
  createCaller: (api: Composition["api"]) => C,
): Promise<{ readonly line: Line<T>; readonly caller: C; readonly other: C }> {
  const line = await startLine(compose);
  afterAll(() => line.close());
  return { line, caller: createCaller(line.sandbox.api), other: createCaller(line.other.api) };
}

let count = 0;

/** A key that no operation has had. */
export function newKey(): string {
  return `key-${count++}`;
}

/** The operations of a contract that write, or may. */
export function writesOf(contract: Contract): string[] {
  return Object.entries(contract)
    .filter(([, { access, repetition }]) => repetition || access.endsWith(":write"))
    .map(([name]) => name)
    .sort();
}

/** Tests of each operation on a key of its own; `changing` is whatever in answers and state is never twice the same. */
export function describeLostReplies(
  contract: Contract,
  operations: Record<string, Operation>,
  line: () => Line<unknown>,
  changing: RegExp,
): void {
  /** What a caller saw and what is there now. */
  async function observe({ prepare, run, state }: Operation, beforeRun: () => void): Promise<unknown> {
    const key = newKey();
    const prepared = await prepare?.(key);
    await line().sandbox.connection.ping();
    beforeRun();
    const answer = await run(key, prepared);
    const after = await state(key, answer, prepared);
    const seen = JSON.stringify([answer.status, answer.headers, answer.text, after]);
    return JSON.parse(seen.replaceAll(key, "key").replaceAll(changing, ""));
  }

  /** Between the start of an operation and its answer, without what prepares and what looks at it. */
  async function countRoundTrips({ prepare, run }: Operation): Promise<number> {
    const key = newKey();
    const prepared = await prepare?.(key);
    const before = line().proxy.roundTrips();
    await run(key, prepared);
    return line().proxy.roundTrips() - before;
  }

  test("every operation that writes is among them", () => {
    const tried = new Set(Object.values(operations).map(({ of }) => of));
    expect([...tried].sort()).toEqual(writesOf(contract));
  });

  describe.each(Object.entries(operations))("%s", (_, operation) => {
    test("is answered the same and happens once, whichever reply is lost", async () => {
      const { proxy } = line();
      await observe(operation, () => {}); // every script is known to the server
      const expected = await observe(operation, () => {});
      const roundTrips = await countRoundTrips(operation);
      expect(roundTrips).toBeGreaterThan(0);
      for (let nth = 1; nth <= roundTrips; nth++) {
        const connections = proxy.connections();
        expect(await observe(operation, () => proxy.loseReply(nth)), `without reply ${nth}`).toEqual(
          expected,
        );
        expect(proxy.connections(), "a reply was really lost").toBe(connections + 1);
      }
    });

    test("is answered the same and happens once, with a reply that never comes", async () => {
      const { proxy, sandbox } = line();
      const expected = await observe(operation, () => {});
      const connections = proxy.connections();
      const seen = await observe(operation, () => {
        proxy.faults.swallowReplies = true;
        setTimeout(() => {
          proxy.faults.swallowReplies = false;
        }, sandbox.deadlineMs / 4);
      });
      expect(seen).toEqual(expected);
      expect(proxy.connections(), "a reply was really lost").toBe(connections + 1);
    });
  });
}

/** Runs an operation, and `interfere` after it ran and before its caller could learn of it, which sends it again. */
export async function sendTwice<A>(
  { proxy, sandbox }: Line<unknown>,
  run: () => Promise<A>,
  interfere: () => Promise<unknown>,
): Promise<A> {
  await sandbox.connection.ping();
  proxy.faults.swallowReplies = true;
  try {
    const running = run();
    running.catch(() => {}); // whoever awaits it learns
    await interfere();
    proxy.faults.swallowReplies = false;
    return await running;
  } finally {
    proxy.faults.swallowReplies = false;
  }
}
