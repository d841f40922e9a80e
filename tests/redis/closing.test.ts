import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { composeCache, SLACK_MS, until } from "../composition.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

const lib = new URL("../../lib/", import.meta.url);

/** A process that holds a function's connection and stays alive. */
const PROGRAM = `
  const { parseConfig } = await import(${JSON.stringify(new URL("config.ts", lib).href)});
  const { connect } = await import(${JSON.stringify(new URL("redis/connect.ts", lib).href)});
  const log = { info: (_, fields) => console.log(fields.event), warn: (_, fields) => console.log(fields.event) };
  const connection = connect(parseConfig(process.env), { log: () => log });
  await connection.run((redis) => redis.set("kept", "yes"));
  if (process.env.SECOND) await connect(parseConfig(process.env), { log: () => ({ info() {}, warn() {} }) }).ping();
  if (process.env.BUSY) connection.run((redis) => redis.blpop("nothing", 0.3)).then((reply) => console.log("reply", reply));
  console.log("serving");
  setInterval(() => {}, 1000);
`;

let server: RunningRedis;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(async () => {
  proxy = await startTcpProxy(server.url);
});
afterEach(async () => {
  await proxy.close();
});

interface Running {
  readonly child: ChildProcess;
  output(): string;
}

async function start(environment: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "--eval", PROGRAM], {
    env: { ...process.env, REDIS_URL: proxy.url, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await until(
    async () => output,
    (text) => text.includes("serving"),
  );
  return { child, output: () => output };
}

async function stop({ child }: Running, signal: NodeJS.Signals) {
  const startedAt = performance.now();
  const closed = once(child, "close");
  child.kill(signal);
  const [code, killedBy] = await closed;
  expect(performance.now() - startedAt).toBeLessThan(1000 + SLACK_MS);
  return { code, killedBy };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s says QUIT and ends the process, and nothing is flushed",
  async (signal) => {
    const commands = proxy.record();
    const running = await start();
    expect(await stop(running, signal)).toEqual({ code: null, killedBy: signal });
    expect(commands).toEqual(["hello", "set", "quit"]);
    expect(running.output().trim().split("\n")).toEqual(["connect", "ready", "serving", "end"]);
    const { connection } = composeCache(server.url);
    expect(await connection.run((redis) => redis.get("kept"))).toBe("yes");
    await connection.close();
  },
);

test("what is under way when the signal comes is still answered", async () => {
  const running = await start({ BUSY: "true" });
  await stop(running, "SIGTERM");
  expect(running.output()).toContain("reply null");
});

test("the end of one connection does not cut off another of the same process", async () => {
  const running = await start({ BUSY: "true", SECOND: "true" });
  await stop(running, "SIGTERM");
  expect(running.output()).toContain("reply null");
});

test.each(["a server that is frozen", "a server that is gone"])(
  "a signal ends the process in time with %s",
  async (kind) => {
    const running = await start();
    if (kind === "a server that is gone") await proxy.close();
    else proxy.blackHole();
    expect(await stop(running, "SIGTERM")).toEqual({ code: null, killedBy: "SIGTERM" });
  },
);

test("close says QUIT behind what is under way and resolves when the socket has ended", async () => {
  const commands = proxy.record();
  const { connection, log } = composeCache(proxy.url);
  await connection.ping();
  const reply = connection.run((redis) => redis.blpop("nothing", 0.1));
  await connection.close();
  expect(await reply).toBeNull();
  expect(commands).toEqual(["hello", "ping", "blpop", "quit"]);
  expect(log.events()).toEqual(["connect", "ready", "end"]);
});

test("close while the connection is being made ends it, and closing twice is fine", async () => {
  const { connection } = composeCache(proxy.url);
  const startedAt = performance.now();
  await connection.close();
  await connection.close();
  expect(performance.now() - startedAt).toBeLessThan(1000 + SLACK_MS);
  const { connection: admin } = composeCache(server.url);
  const clients = () => admin.run((redis) => redis.client("LIST"));
  await until(clients, (list) => String(list).trim().split("\n").length === 1);
  await admin.close();
});

test("close while the server is away does not wait for it to come back", async () => {
  const redis = await startRedis();
  const { connection } = composeCache(redis.url);
  await connection.ping();
  await redis.stop();
  const startedAt = performance.now();
  await connection.close();
  expect(performance.now() - startedAt).toBeLessThan(1000 + SLACK_MS);
});

test.each(["goes dead without a word", "accepts connections and is silent"])(
  "close resolves within the deadline and leaves no socket behind when the peer %s",
  async (kind) => {
    const { connection } = composeCache(proxy.url);
    await connection.ping();
    if (kind === "goes dead without a word") proxy.blackHole();
    else {
      proxy.faults.ignoreNew = true;
      proxy.cut();
      await sleep(50);
    }
    const startedAt = performance.now();
    await connection.close();
    expect(performance.now() - startedAt).toBeLessThan(1000 + SLACK_MS);
    await until(
      async () => proxy.open(),
      (open) => open === 0,
      1000,
    );
  },
);
