import { randomBytes, randomUUID } from "node:crypto";
import { bareClient, compare, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

const SECONDS = 2_592_000;

const bearer = await mintToken(`bench-${randomUUID()}`);
const handler = await loadHandler();
const redis = await bareClient();

async function post(path: string, body: string, type: string): Promise<{ refresh_token: string }> {
  const event = eventFor("POST", `/v1/tokens${path}`, {
    body,
    headers: { "content-type": type },
    token: bearer,
  });
  return JSON.parse((await call(handler, event, 200)).body ?? "");
}

const grant = { userId: "ann", clientId: "app", scope: "read write" };
let { refresh_token } = await post("", JSON.stringify(grant), "application/json");
let plain: string = randomUUID();
await redis.set(`refresh:${plain}`, JSON.stringify(grant), "EX", SECONDS);

const rounds: Rounds = {
  "refresh : GET, DEL, SET": await compare(
    async () => {
      const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token }).toString();
      ({ refresh_token } = await post("/refresh", form, "application/x-www-form-urlencoded"));
    },
    async () => {
      const found = JSON.parse((await redis.get(`refresh:${plain}`)) ?? "");
      await redis.del(`refresh:${plain}`);
      plain = randomBytes(32).toString("base64url");
      await redis.set(`refresh:${plain}`, JSON.stringify(found), "EX", SECONDS);
    },
    40,
  ),
};
report(rounds);
