import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis } from "../../dev/redis/start-redis.ts";
import { mintToken, newKey, publicKey } from "../../dev/signing-key.ts";
import { createApi } from "../api.ts";
import { composeCache } from "../composition.ts";
import { stage, stageContract } from "../http/stage.ts";
import { type Desk, prepareDesk } from "./desk.ts";
import { stepsOf } from "./steps.ts";

const CLAIMS = { tenant: "acme", scope: "cache:*", days: 1 };
let desk: Desk;

beforeAll(async () => {
  desk = await prepareDesk();
});
afterAll(() => desk?.clear());

test("the signing key is rotated, and no token is refused before its time", async () => {
  const [prepare = "", sign = "", finish = "", ...rest] = stepsOf("rotate-signing-key");
  expect(rest).toEqual([]);
  const presentKey = JSON.parse(await newKey());
  const oldToken = await mintToken(presentKey, CLAIMS);
  const terminal = desk.terminal({ AUTH_PUBLIC_KEY: publicKey(presentKey) });
  /** As it is after a deployment with the environment of the terminal. */
  const statusOf = async (token: string) => {
    const handler = stage({ AUTH_PUBLIC_KEY: terminal.env.AUTH_PUBLIC_KEY ?? "" });
    return (await createApi(handler, stageContract)("GET", "/v1/cache/who", { token })).status;
  };
  await terminal.run(prepare);
  const newToken = (await terminal.run(sign)).trim();
  const newKeyText = await terminal.run("cat next-key.json");
  expect([await statusOf(oldToken), await statusOf(newToken)]).toEqual([200, 200]);
  await terminal.run(finish);
  expect(await terminal.run("cat signing-key.json")).toBe(newKeyText);
  expect([await statusOf(oldToken), await statusOf(newToken)]).toEqual([401, 200]);

  // The next rotation begins with what this one has left, and with a set of keys as well.
  await terminal.run(prepare);
  await terminal.run("rm next-key.json");
  await terminal.run(prepare);
  expect(JSON.parse(terminal.env.AUTH_PUBLIC_KEY ?? "").keys).toHaveLength(3);
  expect(await statusOf(newToken)).toBe(200);
});

test("the password is rotated under a function that goes on being served", async () => {
  const [both = "", only = "", ...rest] = stepsOf("rotate-password");
  expect(rest).toEqual([]);
  const aclFile = join(desk.folder, "users.acl");
  writeFileSync(aclFile, "user default on nopass ~* &* +@all\nuser app on >first ~* &* +@all\n");
  const server = await startRedis({ config: [`aclfile ${aclFile}`] });
  const as = (password: string) => server.url.replace("://", `://app:${password}@`);
  const accepts = async (password: string) => {
    const client = new Redis(as(password), { retryStrategy: () => null, lazyConnect: true });
    client.on("error", () => {});
    const accepted = await client.connect().then(
      () => true,
      () => false,
    );
    client.disconnect();
    return accepted;
  };
  const sandbox = composeCache(as("first"));
  const served = async () => (await sandbox.api("PUT", "/v1/cache/entries/a", { body: "x" })).status < 300;
  try {
    const terminal = desk.terminal({
      OPERATOR_URL: server.url,
      APP_USER: "app",
      PASSWORD: "first",
      NEXT_PASSWORD: "second",
    });
    expect([await accepts("first"), await accepts("second"), await served()]).toEqual([true, false, true]);
    await terminal.run(both);
    expect([await accepts("first"), await accepts("second"), await served()]).toEqual([true, true, true]);
    await terminal.run(only);
    expect([await accepts("first"), await accepts("second"), await served()]).toEqual([false, true, true]);
    expect(readFileSync(aclFile, "utf8")).toMatch(/^user app on .*#[0-9a-f]{64} /m);
  } finally {
    await sandbox.connection.close();
    await server.stop();
  }
});
