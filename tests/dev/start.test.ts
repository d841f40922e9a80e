import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { projectDir } from "../../dev/paths.ts";
import { ping } from "../../dev/redis/ping.ts";
import { startRedis } from "../../dev/redis/start-redis.ts";

const cleanups: (() => unknown)[] = [];
let stateDir: string;
let httpPort: number;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "redigate-start-"));
  httpPort = (await freePort(0)) as number;
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(() => rm(stateDir, { recursive: true, force: true }));

interface Command {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
  /** Resolves when the output holds `text`; rejects if the command ends before. */
  says(text: string): Promise<void>;
}

function run(program: string, words: readonly string[], environment: Record<string, string> = {}): Command {
  const env = {
    ...process.env,
    PORT: String(httpPort),
    REDIS_URL: "",
    REDIGATE_STATE_DIR: stateDir,
    ...environment,
  };
  const child = spawn(program, words, { cwd: projectDir, env, detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
    });
  }
  const exitCode = once(child, "close").then(([code]) => code as number | null);
  cleanups.push(async () => {
    child.kill("SIGTERM");
    await exitCode;
  });
  return {
    process: child,
    output: () => output,
    exitCode,
    async says(text) {
      const ended = exitCode.then((code) => {
        throw new Error(`ended with ${code} before it said "${text}":\n${output}`);
      });
      const said = vi.waitFor(() => expect(output).toContain(text), { timeout: 60_000, interval: 50 });
      await Promise.race([said, ended]);
    },
  };
}

const script = (name: string, environment?: Record<string, string>) =>
  run(process.execPath, ["dev/run.js", name], environment);

async function redisUrl(): Promise<string> {
  return /REDIS_URL='(.*)'/.exec(await readFile(join(stateDir, "local.env"), "utf8"))?.[1] as string;
}

async function nothingIsLeft(redis: string): Promise<void> {
  await vi.waitFor(async () => {
    await expect(ping(redis)).rejects.toThrow("ECONNREFUSED");
    expect(await freePort(httpPort)).toBe(httpPort);
  }, 10_000);
}

async function paste(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", line.replace(/^curl /, "curl --silent ")]);
  return stdout;
}

/** The emulator alone takes most types for text. */
async function anyBytesArriveAsTheyWere(curlGet: string): Promise<void> {
  const [, url = "", authorization = ""] = /(http:\S+) -H '(?:Authorization: )([^']+)'/.exec(curlGet) ?? [];
  const body = randomBytes(10_000);
  const headers = { authorization, "content-type": "image/png" };
  const put = await fetch(`${url}-bytes`, { method: "PUT", headers, body });
  expect(put.status).toBe(201);
  const got = await fetch(`${url}-bytes`, { headers: { authorization } });
  expect(Buffer.from(await got.arrayBuffer()).equals(body)).toBe(true);
}

// Between the search for a free port and its use another process may take it.
describe("npm start", { timeout: 120_000, retry: 1 }, () => {
  test("serves, prints curl lines that work, stops everything on Ctrl-C, and keeps the data", async () => {
    const first = run("npm", ["start"]);
    await first.says("Ctrl-C stops everything");
    const [put = "", get = ""] = first.output().match(/^curl .*$/gm) ?? [];
    expect(await paste(put)).toContain("HTTP/1.1 201");
    expect(await paste(get)).toContain("Hello from Redis");
    expect(first.output()).toContain("all scopes but those of ops");
    expect(await paste(get.replace(/\/v1\/\S+/, "/v1/ops/engine"))).toContain("HTTP/1.1 403");
    await anyBytesArriveAsTheyWere(get);
    const redis = await redisUrl();
    for (const file of ["local.env", "redis-password", "development-key.json"]) {
      expect((await stat(join(stateDir, file))).mode & 0o777).toBe(0o600);
    }
    // A terminal sends the signal to all processes in the foreground, npm included.
    process.kill(-(first.process.pid as number), "SIGINT");
    expect(await first.exitCode).toBe(0);
    await nothingIsLeft(redis);
    await expect(redisUrl()).rejects.toThrow("ENOENT");

    const second = script("start");
    await second.says("Ctrl-C stops everything");
    expect(await paste(get)).toContain("Hello from Redis");
    second.process.kill("SIGHUP");
    expect(await second.exitCode).toBe(0);
    await nothingIsLeft(redis);
  });

  test("shares the Redis of another terminal and leaves it running", async () => {
    const other = script("run-redis");
    await other.says("Ctrl-C stops it");
    const redis = await redisUrl();
    const start = script("start");
    await start.says("Ctrl-C stops everything");
    expect(start.output()).toContain("that another terminal runs");
    start.process.kill("SIGTERM");
    expect(await start.exitCode).toBe(0);
    await ping(redis);
    expect(await redisUrl()).toBe(redis);
    other.process.kill("SIGINT");
    expect(await other.exitCode).toBe(0);
    await nothingIsLeft(redis);
  });

  test("leaves nothing behind when it is killed, and starts again after that", async () => {
    const killed = script("start");
    await killed.says("Ctrl-C stops everything");
    const redis = await redisUrl();
    killed.process.kill("SIGKILL");
    await nothingIsLeft(redis);
    const next = script("run-redis");
    await next.says("Ctrl-C stops it");
    expect(await redisUrl()).toBe(redis);
  });

  test("says so and stops the rest when its Redis dies", async () => {
    const start = script("start");
    await start.says("Ctrl-C stops everything");
    const redis = await redisUrl();
    const pid = await redisProcess(redis);
    process.kill(pid, "SIGKILL");
    expect(await start.exitCode).toBe(1);
    expect(start.output()).toContain("Redis has ended; stopping.");
    await nothingIsLeft(redis);
  });
});

describe("npm start refuses with one clear line", () => {
  async function refusal(environment: Record<string, string>): Promise<string> {
    const start = script("start", environment);
    expect(await start.exitCode).toBe(1);
    expect(start.output()).not.toContain("    at ");
    return start.output().trim();
  }

  test("a port that is in use", async () => {
    const server = await listen();
    const { port } = server.address() as { port: number };
    expect(await refusal({ PORT: String(port) })).toBe(`Port ${port} is in use; set PORT to another one.`);
  });

  test.each(["0", "65536", "http", "30.5", "-1"])("PORT=%s", async (port) => {
    expect(await refusal({ PORT: port })).toBe("PORT must be a number from 1 to 65535.");
  });

  test("a REDIS_URL where nothing answers", async () => {
    const port = await freePort(0);
    expect(await refusal({ REDIS_URL: `redis://:secret@127.0.0.1:${port}` })).toBe(
      `The Redis at REDIS_URL (127.0.0.1:${port}) does not answer: ECONNREFUSED. Start it, or unset REDIS_URL to use one of our own.`,
    );
  });

  test("a REDIS_URL with a wrong password, which it does not print", async () => {
    const redis = await startRedis({ password: "right" });
    cleanups.push(redis.stop);
    const output = await refusal({ REDIS_URL: `redis://:mistaken@127.0.0.1:${redis.port}` });
    expect(output).toContain("WRONGPASS");
    expect(output).not.toContain("mistaken");
  });

  test("a REDIS_URL that is none", async () => {
    expect(await refusal({ REDIS_URL: "localhost:6379" })).toContain(
      "REDIS_URL must be a URL that begins with",
    );
  });
});

async function listen(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return server;
}

async function redisProcess(url: string): Promise<number> {
  const client = new Redis(url);
  const info = await client.info("server");
  client.disconnect();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}
