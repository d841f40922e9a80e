import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { composeCache, until } from "../composition.ts";
import { captureOutput } from "../http/captured.ts";
import { type AwsCall, type AwsReply, stubAws } from "./aws-endpoint.ts";
import {
  cluster,
  NO_SERVERLESS,
  onlyServerless,
  refusal,
  replicationGroups,
  serverless,
  serverlessCaches,
  standalone,
} from "./elasticache-answers.ts";
import { type IamRedis, startIamCluster, startIamRedis } from "./iam-redis.ts";

const path = "/v1/cache/entries/a";
const PASSWORD = "of the server";

process.env.POWERTOOLS_LOG_LEVEL = "INFO";

let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => void vi.restoreAllMocks());

/** A function that knows no more of its Redis than the name. */
async function compose(
  answer: (call: AwsCall, nth: number) => AwsReply,
  environment: Record<string, string> = { REDIS_PASSWORD: PASSWORD },
) {
  const calls = await stubAws(answer);
  const composed = composeCache("", { environment: { ELASTICACHE_ID: "orders", ...environment } });
  onTestFinished(() => composed.connection.close());
  return { ...composed, calls };
}

describe.each([
  [
    "a replication group with cluster mode off",
    startIamRedis,
    false,
    (port: number) => () => replicationGroups(standalone("localhost", port, true)),
  ],
  [
    "a replication group with cluster mode on",
    startIamCluster,
    false,
    (port: number) => () => replicationGroups(cluster("localhost", port, true)),
  ],
  [
    "a serverless cache",
    startIamCluster,
    true,
    (port: number) => onlyServerless(serverlessCaches(serverless("localhost", port))),
  ],
])("%s", (_, start, isServerless, answerOf) => {
  let redis: IamRedis;
  let answer: (call: AwsCall) => AwsReply;
  beforeAll(async () => {
    redis = await start({ serverless: isServerless });
    answer = answerOf(redis.fronts[0]?.port ?? 0);
  });
  afterAll(() => redis?.stop());

  test("is found by its name, signed in to, and asked for no more", async () => {
    const { api, calls } = await compose(answer, redis.environment);
    const keys = Array.from({ length: 10 }, (_, index) => `/v1/cache/entries/${index}`);
    for (const key of keys) expect((await api("PUT", key, { body: key })).status).toBe(201);
    for (const key of keys) expect((await api("GET", key)).text).toBe(key);
    expect(calls).toHaveLength(isServerless ? 2 : 1);
    expect(redis.fronts.flatMap(({ refusals }) => refusals)).toEqual([]);
  });
});

describe("with a password", () => {
  let redis: RunningRedis;
  let found: AwsReply;
  beforeAll(async () => {
    redis = await startRedis({ password: PASSWORD });
    found = replicationGroups(standalone("127.0.0.1", redis.port, false));
  });
  afterAll(() => redis?.stop());

  test("it is found, even by many who ask at once", async () => {
    const { api, calls } = await compose(() => found);
    const answers = await Promise.all(Array.from({ length: 50 }, () => api("GET", path)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
    expect(calls).toHaveLength(1);
  });

  test("a function that AWS had no time for while it started serves its first request", async () => {
    let reply: AwsReply = refusal(400, "Throttling", "Rate exceeded");
    const { api, calls, log } = await compose(() => reply);
    await expect.poll(log.events, { timeout: 10_000 }).toContain("refused");
    expect(log.lines[0]?.fields.reason).toMatch(/^ELASTICACHE_ID: AWS/);
    const before = calls.length;
    reply = found;
    expect((await api("GET", path)).status).toBe(404);
    expect(calls).toHaveLength(before + 1);
  });

  test.each<[string, AwsReply, number]>([
    ["throttles", refusal(400, "Throttling"), 503],
    ["fails", refusal(500, "InternalFailure"), 503],
    ["never answers", "nothing", 503],
    ["refuses", refusal(403, "AccessDenied"), 500],
  ])("while AWS %s requests fail by the deadline, and the log says why", async (_, trouble, status) => {
    let reply = trouble;
    const { api, log } = await compose(() => reply);
    expect((await api("GET", path)).status).toBe(status);
    const said = await until(
      async () => {
        await api("GET", path);
        return [...output.lines(), JSON.stringify(log.lines)].join();
      },
      (text) => text.includes("ELASTICACHE_ID: AWS"),
    );
    expect(said).not.toContain(PASSWORD);
    reply = found;
    const served = await until(
      () => api("GET", path),
      (answer) => answer.status !== status,
    );
    expect(served.status).toBe(404);
  });

  test("a name that nobody has is refused, and the log says so", async () => {
    const { api } = await compose(onlyServerless(NO_SERVERLESS));
    const answer = await api("GET", path);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("ELASTICACHE");
    expect(output.lines().join()).toContain(
      "ELASTICACHE_ID: no replication group or serverless cache has this id",
    );
  });

  test("no token is sent to a cache without TLS", async () => {
    const environment = { REDIS_IAM: "true", REDIS_USERNAME: "app-user", AWS_REGION: "eu-central-1" };
    const { api } = await compose(() => found, environment);
    expect((await api("GET", path)).status).toBe(500);
    expect(output.lines().join()).toContain("REDIS_IAM: needs TLS");
  });
});
