import { beforeEach, describe, expect, test } from "vitest";
import { expectUnavailable, until } from "../composition.ts";
import type { AwsReply } from "./aws-endpoint.ts";
import { FIRST, password, path, SECOND, useSecretRedis } from "./secret-redis.ts";
import { holding, JSON_1_1, refusal } from "./secrets-manager.ts";

/** What Secrets Manager says, how a function that starts answers then, and what the log says of it. */
const TROUBLES: [string, AwsReply, number, RegExp][] = [
  ["throttles", refusal(400, "ThrottlingException"), 503, /REDIS_SECRET_ARN: AWS/],
  ["fails", refusal(500, "InternalServiceError"), 503, /REDIS_SECRET_ARN: AWS could not be asked/],
  ["never answers", "nothing", 503, /REDIS_SECRET_ARN: AWS gave no answer in time/],
  ["resets the connection", "reset", 503, /REDIS_SECRET_ARN: AWS could not be asked/],
  [
    "says what is no JSON",
    { status: 200, contentType: JSON_1_1, body: FIRST },
    503,
    /REDIS_SECRET_ARN: AWS could not be asked/,
  ],
  ["refuses", refusal(400, "AccessDeniedException"), 500, /REDIS_SECRET_ARN: AWS refused/],
  ["knows no such secret", refusal(400, "ResourceNotFoundException"), 500, /REDIS_SECRET_ARN: there is no/],
  ["has a secret of another kind", holding(`{"key":"${FIRST}"}`), 500, /REDIS_SECRET_ARN: .*no password/],
];

const redis = useSecretRedis();
beforeEach(() => {
  redis.reply = password(FIRST);
});

describe.each(TROUBLES)("Secrets Manager %s", (_, trouble, status, reason) => {
  test("while the function starts: requests fail by the deadline until that is over", async () => {
    redis.reply = trouble;
    const sandbox = await redis.compose();
    const { api } = sandbox;
    const before = [await api("GET", path), await api("PUT", path, { body: "x" })];
    expect(before.map((answer) => answer.status)).toEqual([status, status]);
    for (const { text } of before) expect(text).not.toMatch(/Secret|SECRET|AWS/);
    await redis.untilSaid(reason, sandbox);
    redis.reply = password(FIRST);
    const served = await until(
      () => api("GET", path),
      (answer) => answer.status !== status,
    );
    expect(served.status).toBe(404);
  });

  test("when the password has changed: requests fail by the deadline until that is over", async () => {
    const sandbox = await redis.compose();
    const { api } = sandbox;
    expect((await api("GET", path)).status).toBe(404);
    redis.reply = trouble;
    await redis.changePassword();
    expectUnavailable(await api("GET", path));
    await redis.untilSaid(reason, sandbox);
    redis.reply = password(SECOND);
    const served = await until(
      () => api("GET", path),
      (answer) => answer.status !== 503,
    );
    expect(served.status).toBe(404);
  });
});
