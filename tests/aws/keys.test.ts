import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import { credentialsSource } from "../../lib/redis/elasticache.ts";
import { stubEnvironment } from "./aws-endpoint.ts";
import { judge } from "./iam-front.ts";

const CACHE = { cacheName: "orders", userId: "app-user", region: "eu-central-1" };
/** What `stubEnvironment` sets. */
const KEYS = { accessKeyId: "AKIDLOCAL", secretAccessKey: "secret/key+local" };
const sessionToken = "session+token/==";
const NO_KEYS = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_SESSION_TOKEN: "" };

afterEach(() => void vi.unstubAllEnvs());

/** The token of a function with this in its environment, beside what Lambda sets. */
async function tokenWith(environment: Record<string, string>): Promise<string> {
  stubEnvironment({
    REDIS_URL: "rediss://app-user@orders.example",
    REDIS_IAM: "true",
    ELASTICACHE_ID: "orders",
    ...environment,
  });
  const source = credentialsSource(parseConfig(process.env).redis);
  const { username, password } = (await source?.get()) ?? expect.fail("no source");
  expect(username).toBe("app-user");
  return password;
}

test("a token is of the region and the keys that Lambda sets", async () => {
  const token = await tokenWith({ AWS_REGION: "ap-south-1" });
  const rules = { ...CACHE, ...KEYS, sessionToken, serverless: false };
  expect(judge(token, { ...rules, region: "ap-south-1" }, Date.now())).toBeUndefined();
});

test("keys need no session, as those of a person have none", async () => {
  const token = await tokenWith({ AWS_SESSION_TOKEN: "" });
  expect(judge(token, { ...CACHE, ...KEYS, serverless: false }, Date.now())).toBeUndefined();
});

test("the name of a serverless cache is enough to say that it is one", async () => {
  const token = await tokenWith({ REDIS_URL: "rediss://app-user@orders-ab1.serverless.euc1.example" });
  expect(judge(token, { ...CACHE, ...KEYS, sessionToken, serverless: true }, Date.now())).toBeUndefined();
});

test("keys that are not in the environment are found as every AWS client finds them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redigate-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "credentials");
  await writeFile(file, "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = of a file\n");
  const token = await tokenWith({ ...NO_KEYS, AWS_SHARED_CREDENTIALS_FILE: file });
  const keys = { accessKeyId: "AKIDFILE", secretAccessKey: "of a file" };
  expect(judge(token, { ...CACHE, ...keys, serverless: false }, Date.now())).toBeUndefined();
});

test("without any keys there is no token, and the error says what is missing", async () => {
  await expect(tokenWith(NO_KEYS)).rejects.toThrow(/credentials/);
});
