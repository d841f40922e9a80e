import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import type { Answer } from "../api.ts";
import { expectUnavailable, until } from "../composition.ts";
import { endure, type Fault } from "./endure.ts";
import { DEADLINE_MS, type RefusingServer, startRefusingServer } from "./refusing-server.ts";

/** More waits in vain than a circuit has patience for. */
const WAITS = 4;

let stage: RefusingServer;

beforeEach(async () => {
  stage = await startRefusingServer();
});
afterEach(() => stage.stop());

/** What is there is read at once, while writes are refused. */
async function readsGoOn(): Promise<void> {
  for (const [feature, { isThere }] of Object.entries(stage.writers)) {
    const tookMs: number[] = [];
    for (let times = 0; times < 21; times++) {
      const startedAt = performance.now();
      expect(await isThere("kept"), feature).toBe(true);
      tookMs.push(performance.now() - startedAt);
    }
    expect(tookMs.sort((a, b) => a - b)[10], `${feature}, the median`).toBeLessThan(DEADLINE_MS / 2);
  }
}

function expectOutOfMemory(answer: Answer): void {
  expect(answer.status, answer.text).toBe(507);
  expect(answer.json.code).toBe("out_of_memory");
  expect(answer.text).not.toMatch(/OOM|maxmemory|script/i);
}

/** The server answers, and takes no writes. */
const REFUSALS: Readonly<Record<string, Fault>> = {
  "READONLY: the server became a replica": {
    begin: async () => stage.admin.replicaof("127.0.0.1", (await freePort(0)) ?? 0),
    meanwhile: readsGoOn,
    end: () => stage.admin.replicaof("NO", "ONE"),
  },
  "NOREPLICAS: there are too few replicas": {
    begin: () => stage.configure("min-replicas-to-write", "1"),
    meanwhile: readsGoOn,
    end: () => stage.configure("min-replicas-to-write", "0"),
  },
  "MISCONF: the server cannot save what it has": {
    async begin() {
      await stage.configure("save", "3600 1000000");
      await stage.removeFolder();
      await stage.admin.bgsave();
      await until(
        () => stage.admin.info("persistence"),
        (info) => info.includes("rdb_last_bgsave_status:err"),
      );
    },
    meanwhile: readsGoOn,
    end: () => stage.configure("save", ""),
  },
  "OOM: the server is full": {
    begin: () => stage.configure("maxmemory-policy", "noeviction", "maxmemory", "1"),
    meanwhile: readsGoOn,
    end: () => stage.configure("maxmemory", "0"),
    expectRefused: expectOutOfMemory,
  },
};

test.each(Object.entries(REFUSALS))("%s", async (_, fault) => endure(stage.writers, fault));

test.each(Object.entries(REFUSALS))("%s, and the reader who comes next is served", async (_, fault) => {
  const { begin, expectRefused = expectUnavailable } = fault;
  await begin();
  const asking = Object.entries(stage.writers).map(async ([feature, { write, read }]) => {
    for (let wait = 0; wait < WAITS; wait++) expectRefused(await write(`refused-${wait}`));
    expect((await read("kept")).status, feature).toBe(200);
  });
  await Promise.all(asking);
  await fault.end?.();
});
