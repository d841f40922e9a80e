import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import type { CompositionOptions } from "../composition.ts";
import { endure, type Fault } from "./endure.ts";
import { closeAll, startWriters, type Writer } from "./writers.ts";

/** How long the server is kept from everybody else. */
const PAUSE_MS = 2000;

let server: RunningRedis;
let neighbour: Redis;
let operator: Redis;
let writers: Readonly<Record<string, Writer>> = {};

beforeEach(async () => {
  server = await startRedis();
  neighbour = new Redis(server.url);
  operator = new Redis(server.url);
});
afterEach(async () => {
  await closeAll(writers);
  for (const client of [neighbour, operator]) client.disconnect();
  await server.stop();
});

/** Composed features hold every call to the deadline of theirs. */
const IN_A_HURRY: Readonly<Record<string, CompositionOptions>> = {
  "an ordinary deadline": {},
  "a short deadline": { environment: { REDIS_DEADLINE_MS: "300" } },
  "an invocation that has little time left": {
    environment: { REDIS_DEADLINE_MS: "8000" },
    remainingMs: 500,
  },
};

/** The server is silent for some time, and then says that it is busy. */
function runScript(silentMs: number): Fault {
  return {
    async begin() {
      await operator.config("SET", "busy-reply-threshold", silentMs);
      neighbour.eval("while true do end", 0).catch(() => {}); // it is killed
    },
    end: () => operator.script("KILL"),
  };
}

const NEIGHBOURS: Readonly<Record<string, Fault>> = {
  "pauses everybody": {
    begin: () => neighbour.client("PAUSE", PAUSE_MS, "ALL"),
  },
  "pauses whoever writes": {
    begin: () => neighbour.client("PAUSE", 60_000, "WRITE"),
    end: () => neighbour.client("UNPAUSE"),
  },
  "runs a script without an end": runScript(PAUSE_MS),
  "runs a script, and the server says that it is busy": runScript(50),
};

describe.each(Object.entries(IN_A_HURRY))("with %s", (_, options) => {
  test.each(Object.entries(NEIGHBOURS))(
    "whoever asks while somebody %s is answered in time",
    async (_, fault) => {
      writers = await startWriters(server.url, options);
      await endure(writers, fault);
    },
  );
});
