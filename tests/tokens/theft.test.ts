import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { newSecret } from "../../lib/opaque-token.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { createApi, httpEvent, lambdaContext, outcomeOf, uniqueTenant } from "../api.ts";
import { composeTokens } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { newSandbox } from "../http/stage.ts";
import { mintToken } from "../token.ts";
import { createCaller, grantOf, type Pair, type TokensCaller } from "./caller.ts";

const sandbox = composeTokens(inject("redisUrl"));
const impatient = composeTokens(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { TOKENS_REUSE_GRACE_SECONDS: "0" },
});
const brief = composeTokens(inject("redisUrl"), {
  tenant: sandbox.tenant,
  environment: { TOKENS_REUSE_GRACE_SECONDS: "1" },
});
const caller = createCaller(sandbox.api);
afterAll(async () => {
  for (const { connection } of [sandbox, impatient, brief]) await connection.close();
});

/** A grant and its pairs, oldest first. */
async function rotateTwice({ begin, refreshed }: TokensCaller, userId: string): Promise<Pair[]> {
  const pairs = [await begin(userId, { device: "phone" })];
  for (let i = 0; i < 2; i++) pairs.push(await refreshed(pairs.at(-1)?.refresh_token ?? ""));
  return pairs;
}

async function expectEnded(pairs: readonly Pair[]): Promise<void> {
  for (const { access_token, refresh_token } of pairs) {
    expect([await caller.isActive(access_token), await caller.isActive(refresh_token)]).toEqual([
      false,
      false,
    ]);
    expect(outcomeOf(await caller.refresh(refresh_token))).toBe("400 invalid_grant");
  }
}

describe("the whole grant ends, and no other of the user", () => {
  test("when a token older than the last is presented, grace or no grace", async () => {
    const other = await caller.begin("older");
    await sleep(2); // those of one millisecond come in any order
    const pairs = await rotateTwice(caller, "older");
    expect(outcomeOf(await caller.refresh(pairs[0]?.refresh_token ?? ""))).toBe("400 invalid_grant");
    await expectEnded(pairs);
    expect((await caller.list("older", { limit: "1" })).json.grants).toMatchObject([
      { id: grantOf(other.refresh_token) },
    ]);
    expect(await caller.isActive((await caller.refreshed(other.refresh_token)).access_token)).toBe(true);
  });

  test("when the last token is presented after its grace", async () => {
    const { begin, refresh, refreshed } = createCaller(brief.api);
    const first = await begin("late");
    const second = await refreshed(first.refresh_token);
    expect(await refreshed(first.refresh_token)).toEqual(second);
    await sleep(1050);
    expect(outcomeOf(await refresh(first.refresh_token))).toBe("400 invalid_grant");
    await expectEnded([first, second]);
  });

  test("when there is no grace and the last token is presented at once, whatever scope is asked", async () => {
    const { begin, refresh, refreshed } = createCaller(impatient.api);
    const first = await begin("no grace");
    const second = await refreshed(first.refresh_token);
    expect(outcomeOf(await refresh(first.refresh_token, { scope: "admin" }))).toBe("400 invalid_grant");
    await expectEnded([first, second]);
  });

  test("when the thief was faster: the client's own token is the former one then", async () => {
    const stolen = await caller.begin("robbed");
    const thief = await createCaller(impatient.api).refreshed(stolen.refresh_token);
    expect(outcomeOf(await caller.refresh(stolen.refresh_token))).toBe("400 invalid_grant");
    await expectEnded([stolen, thief]);
  });
});

test("a token that somebody made up for a known grant ends nothing", async () => {
  const { begin, refresh } = createCaller(impatient.api);
  const { access_token, refresh_token } = await begin("known");
  const stranger = await begin("known");
  for (const secret of [newSecret(18 + 32), newSecret(32), stranger.refresh_token.split(".")[1]]) {
    const forged = `${grantOf(refresh_token)}.${secret}`;
    expect(outcomeOf(await refresh(forged))).toBe("400 invalid_grant");
  }
  expect([await caller.isActive(access_token), await caller.isActive(refresh_token)]).toEqual([true, true]);
});

describe("the operators are told", () => {
  let output: ReturnType<typeof captureOutput>;
  beforeEach(() => {
    vi.stubEnv("POWERTOOLS_LOG_LEVEL", "WARN");
    output = captureOutput();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** The function as it is deployed, with its log and its metrics on. */
  async function deployed() {
    const tenant = uniqueTenant();
    const load = () => import("../../functions/tokens/handler.ts");
    const { handler } = await newSandbox(load, { POWERTOOLS_METRICS_DISABLED: "false" });
    vi.stubEnv("POWERTOOLS_LOG_LEVEL", "WARN"); // the log is made with its first line
    return { tenant, handler, ...createCaller(createApi(handler, tokensContract, tenant)) };
  }

  test("once of a theft, with all that leads to it and never a token, however often it is tried", async () => {
    const { tenant, handler, refresh, ...calls } = await deployed();
    const pairs = await rotateTwice({ refresh, ...calls }, "ann");
    const [stolen = "", former = "", present = ""] = pairs.map(({ refresh_token }) => refresh_token);
    output.lines();
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: stolen }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const context = lambdaContext();
    const bearer = await mintToken({ tenant });
    await handler(httpEvent("POST", "/v1/tokens/refresh", { body, headers }, bearer), context);
    for (const token of [stolen, former, present]) await refresh(token);

    const lines = output.lines().map((line) => JSON.parse(line));
    const warnings = lines.filter(({ level }) => level);
    expect(warnings).toMatchObject([
      {
        level: "WARN",
        alert: "RefreshTokenReuse",
        operation: "refreshTokens",
        requestId: context.awsRequestId,
        tenant,
        userId: "ann",
        clientId: "app",
        device: "phone",
        id: grantOf(stolen),
      },
    ]);
    const counted = lines.filter(({ RefreshTokenReuse }) => RefreshTokenReuse !== undefined);
    expect(counted).toMatchObject([
      { operation: "refreshTokens", Requests: 1, RefreshTokenReuse: 1, requestId: context.awsRequestId },
    ]);
    const [{ Metrics }] = counted[0]._aws.CloudWatchMetrics;
    expect(Metrics).toContainEqual({ Name: "RefreshTokenReuse", Unit: "Count" });
    for (const secret of pairs.flatMap(Object.values).map((text) => String(text).split(".")[1]))
      if (secret) expect(JSON.stringify(lines)).not.toContain(secret);
  });

  test("nothing of a replay, a forged token, a wrong client, a revoked or an unknown token", async () => {
    const { refresh, refreshed, begin, revoke } = await deployed();
    const { refresh_token } = await begin("ann");
    const next = await refreshed(refresh_token);
    await refreshed(refresh_token);
    await refresh(refresh_token, { client_id: "other" });
    await refresh(next.refresh_token, { device: "other" });
    await refresh(next.refresh_token, { scope: "admin" });
    await refresh(next.access_token);
    await refresh(`${grantOf(refresh_token)}.${newSecret(50)}`);
    await revoke(refresh_token);
    await refresh(refresh_token);
    await refresh(next.refresh_token);
    const written = output.lines().join("\n");
    expect(written).toContain("refreshTokens");
    expect(written).not.toMatch(/RefreshTokenReuse|WARN/);
  });
});
