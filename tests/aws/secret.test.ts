import { afterEach, describe, expect, test, vi } from "vitest";
import { AwsUnavailable } from "../../lib/aws/ask.ts";
import { createSecretCredentials } from "../../lib/aws/secret.ts";
import { ConfigError } from "../../lib/config.ts";
import { type AwsReply, failure, stubAws, stubEnvironment } from "./aws-endpoint.ts";
import { ARN, holding, JSON_1_1, refusal, secret } from "./secrets-manager.ts";

afterEach(() => void vi.unstubAllEnvs());

const source = (timeoutMs?: number) =>
  createSecretCredentials({ secretArn: ARN, ...(timeoutMs && { timeoutMs }) });

const refused = (promise: Promise<unknown>) => failure(promise, "REDIS_SECRET_ARN");

describe("a secret", () => {
  test.each([
    ["user and password", '{"username":"app","password":"p w"}', { username: "app", password: "p w" }],
    ["password alone", '{"password":"pw"}', { password: "pw" }],
    ["no user", '{"username":"","password":"pw"}', { password: "pw" }],
    ["more fields than we know", '{"password":"pw","host":"h","port":1}', { password: "pw" }],
    ["JSON over several lines", '\n{\n "password": "pw"\n}\n', { password: "pw" }],
    ["the bare password", "p@ss: w{rd} ", { password: "p@ss: w{rd} " }],
    ["the bare password with a line break", "pw\r\n", { password: "pw" }],
    ["a bare password that is JSON too", "12345678", { password: "12345678" }],
  ])("gives its credentials: %s", async (_, text, expected) => {
    const calls = await stubAws(() => holding(text));
    expect(await source().get()).toEqual(expected);
    expect(calls).toEqual([
      {
        action: "GetSecretValue",
        input: { SecretId: ARN },
        contentType: JSON_1_1,
        scope: "eu-west-3/secretsmanager",
      },
    ]);
  });

  test("may be binary", async () => {
    const SecretBinary = Buffer.from('{"password":"pässword"}').toString("base64");
    await stubAws(() => secret({ SecretBinary }));
    expect(await source().get()).toEqual({ password: "pässword" });
  });

  test("may be named without its ARN, and is then one of our own region", async () => {
    const calls = await stubAws(() => holding("pw"), "AWS_ENDPOINT_URL_SECRETS_MANAGER");
    await createSecretCredentials({ secretArn: "prod/redis" }).get();
    expect(calls).toMatchObject([
      { input: { SecretId: "prod/redis" }, scope: "eu-central-1/secretsmanager" },
    ]);
  });

  test.each([
    ["no password", '{"username":"TOP","Password":"SECRET"}', /no password/],
    ["an empty password", '{"username":"TOP","password":""}', /no password/],
    ["a password that is no text", '{"username":"TOP","password":42}', /no password/],
    ["a user that is no text", '{"username":["TOP"],"password":"SECRET"}', /username/],
    ["broken JSON", '{"username":"TOP","password":"SECRET', /begins like JSON/],
    ["nothing", "\n", /empty/],
    ["less than nothing", "", /empty/],
  ])("is refused by name and without a word of it where it holds %s", async (_, text, reason) => {
    await stubAws(() => holding(text));
    const error = await refused(source().get());
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(reason);
    expect(error.cause).toBeUndefined();
    expect(`${error.stack}`).not.toMatch(/TOP|SECRET[^_]|123456789012/);
  });
});

describe("the credentials", () => {
  test("are fetched once, and again only after a refusal", async () => {
    const calls = await stubAws((_, nth) => holding(`password ${nth}`));
    const { get, renew } = source();
    expect(calls).toEqual([]);
    const first = await Promise.all([get(), get(), get()]);
    expect(first).toEqual(Array(3).fill({ password: "password 1" }));
    expect(await get()).toEqual({ password: "password 1" });
    expect(calls).toHaveLength(1);
    const [renewed, meanwhile] = await Promise.all([renew(), get()]);
    expect([renewed, meanwhile]).toEqual(Array(2).fill({ password: "password 2" }));
    expect(await get()).toEqual({ password: "password 2" });
    expect(calls).toHaveLength(2);
  });

  test("are fetched at most once a second, however many are refused", async () => {
    const calls = await stubAws((_, nth) => holding(`password ${nth}`));
    const { get, renew } = source();
    await get();
    const storm = await Promise.all(Array.from({ length: 100 }, renew));
    expect(new Set(storm.map(({ password }) => password))).toEqual(new Set(["password 2"]));
    const startedAt = performance.now();
    while (performance.now() - startedAt < 800) expect(await renew()).toEqual({ password: "password 2" });
    expect(calls).toHaveLength(2);
    await expect.poll(renew, { timeout: 1000 }).toEqual({ password: "password 3" });
    expect(calls).toHaveLength(3);
  });

  test("stay what they were when they cannot be fetched again", async () => {
    const calls = await stubAws((_, nth) =>
      nth === 1 ? holding("password 1") : refusal(403, "AccessDeniedException"),
    );
    const { get, renew } = source();
    await get();
    const failures = await Promise.all([refused(renew()), refused(renew())]);
    expect(failures[0]).toBeInstanceOf(ConfigError);
    expect(failures[1]).toBe(failures[0]);
    expect(await get()).toEqual({ password: "password 1" });
    expect(calls).toHaveLength(2);
  });

  test("are asked for again by the next caller when the first could not get them", async () => {
    await stubAws((_, nth) => (nth === 1 ? refusal(403, "AccessDeniedException") : holding("pw")));
    const { get } = source();
    await refused(get());
    expect(await get()).toEqual({ password: "pw" });
  });
});

describe("Secrets Manager", () => {
  test.each<[string, AwsReply]>([
    ["throttles", refusal(400, "ThrottlingException", "Rate exceeded")],
    ["fails", refusal(500, "InternalServiceError")],
    ["answers with a page of HTML", { status: 503, contentType: "text/html", body: "<html>busy</html>" }],
    ["resets the connection", "reset"],
    ["does not answer", "nothing"],
  ])("%s, and is asked again", async (_, reply) => {
    const calls = await stubAws((_call, nth) => (nth === 1 ? reply : holding("pw")));
    expect(await source().get()).toEqual({ password: "pw" });
    expect(calls).toHaveLength(2);
  });

  test.each<[string, AwsReply, RegExp]>([
    ["throttles", refusal(400, "ThrottlingException"), /throttling/i],
    ["fails", refusal(500, "InternalServiceError"), /InternalServiceError/],
    ["resets the connection", "reset", /ECONNRESET|socket hang up/],
  ])("%s for good, and the error says so", async (_, reply, reason) => {
    const calls = await stubAws(() => reply);
    const error = await refused(source().get());
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(reason);
    expect(calls.length).toBeGreaterThan(1);
  });

  test("never answers, and the caller waits no longer than told", async () => {
    await stubAws(() => "nothing");
    const startedAt = performance.now();
    const error = await refused(source(300).get());
    expect(performance.now() - startedAt).toBeLessThan(700);
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(/AWS gave no answer in time; .*VPC/);
  });

  test("is nowhere to be found", async () => {
    stubEnvironment({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
    const error = await refused(source().get());
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(/AWS could not be asked .*ECONNREFUSED/);
  });

  test.each([
    ["AccessDeniedException", 400, /refused \(AccessDeniedException\).*secretsmanager:GetSecretValue.*kms/],
    ["UnrecognizedClientException", 403, /refused \(UnrecognizedClientException\)/],
    ["ResourceNotFoundException", 400, /no such secret/],
  ])("says %s, once is enough, and the error says what to do", async (type, status, reason) => {
    const message = `User: arn:aws:sts::123456789012:assumed-role/r is not authorized on ${ARN}`;
    const calls = await stubAws(() => refusal(status, type, message));
    const error = await refused(source().get());
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(reason);
    expect(error.message).not.toContain("123456789012");
    expect(calls).toHaveLength(1);
  });
});
