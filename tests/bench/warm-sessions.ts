import { randomUUID } from "node:crypto";
import { bareClient, compare, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

/** Bytes of Redis' memory, and microseconds. */
export interface SessionsResult {
  readonly rounds: Rounds;
  readonly bytes: { readonly subject: number; readonly baseline: number };
}

const SESSIONS = 5000;
const SECONDS = 86_400;
const CONTENT = {
  device: "Firefox on a laptop",
  data: { theme: "dark", cart: [1, 2, 3], name: "Ann Example" },
};

const bearer = await mintToken(`bench-${randomUUID()}`);
const handler = await loadHandler();
const redis = await bareClient();

function post(path: string, body: object): object {
  const headers = { "content-type": "application/json" };
  return eventFor("POST", `/v1/sessions${path}`, { body: JSON.stringify(body), headers, token: bearer });
}

async function create(userId: string): Promise<string> {
  const { body = "" } = await call(handler, post("", { userId, ...CONTENT }), 201);
  return JSON.parse(body).token;
}

/** A blob under a random id, as session stores write it, and a set of the user's, without which nobody can list them. */
async function createPlain(userId: string): Promise<string> {
  const key = `sess:${randomUUID()}`;
  await redis.set(key, JSON.stringify({ userId, createdAt: new Date(), ...CONTENT }), "EX", SECONDS);
  await redis.sadd(`sess:user:${userId}`, key);
  return key;
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
}

/** What one session of a user who has no other takes. */
async function bytesEach(make: (userId: string) => Promise<unknown>): Promise<number> {
  const before = await usedMemory();
  for (let index = 0; index < SESSIONS; index++) await make(`user-${index}`);
  return ((await usedMemory()) - before) / SESSIONS;
}

const verify = post("/verify", { token: await create("ann") });
const key = await createPlain("ann");

const rounds: Rounds = {
  "verify : GET, then EXPIRE": await compare(
    () => call(handler, verify, 200),
    async () => {
      JSON.parse((await redis.get(key)) ?? "");
      await redis.expire(key, SECONDS);
    },
    100,
  ),
  "verify : GET and EXPIRE in one pipeline": await compare(
    () => call(handler, verify, 200),
    async () => {
      const [found] = (await redis.pipeline().get(key).expire(key, SECONDS).exec()) ?? [];
      JSON.parse(String(found?.[1]));
    },
    40,
  ),
};
const result: SessionsResult = {
  rounds,
  bytes: { subject: await bytesEach(create), baseline: await bytesEach(createPlain) },
};
report(result);
