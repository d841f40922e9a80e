import { inspect } from "node:util";
import { Redis } from "ioredis";
import { afterAll, expect, inject, test } from "vitest";
import { classify, isOfSome, RedisUnavailable, reasonOf, withoutCommand } from "../../lib/redis/errors.ts";

const redis = new Redis(inject("redisUrl"), { retryStrategy: () => null });
afterAll(() => void redis.disconnect());

/** The error of a real server's reply with this text. */
const replyOf = (text: string): Promise<unknown> =>
  redis.eval("return redis.error_reply(ARGV[1])", 0, text).then(
    () => undefined,
    (error) => error,
  );

test.each([
  "LOADING Redis is loading the dataset in memory",
  "READONLY You can't write against a read only replica.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  "CLUSTERDOWN The cluster is down",
  "CLUSTERDOWN Hash slot not served",
  "TRYAGAIN Multiple keys request during rehashing of slot",
  "NOREPLICAS Not enough good replicas to write.",
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  "NOAUTH Authentication required.",
  "WRONGPASS invalid username-password pair or user is disabled.",
  "ERR WAIT cannot be used with replica instances.",
  "ERR max number of clients reached",
])("%s: refused, so it did not run", async (text) => {
  expect(classify(await replyOf(text))).toBe("refused");
});

test.each([
  "NOPERM this user has no permissions to run the 'get' command",
  "ERR The user executing the script can't run this command or subcommand script: c0ffee, on @user_script:1.",
  "ERR ACL failure in script: User functions has no permissions to run the 'zadd' command",
])("%s: not allowed, so it may have done half", async (text) => {
  const error = await replyOf(text);
  expect([classify(error), isOfSome(error)]).toEqual(["halted", true]);
});

test.each(["MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381"])(
  "%s: the slot is elsewhere now, so it did not run and is nobody's mistake",
  async (text) => {
    expect(classify(await replyOf(text))).toBe("refused");
  },
);

test.each([
  "OOM command not allowed when used memory > 'maxmemory'.",
  "ERR Error running script (call to f_c0ffee): @user_script:1: -OOM command not allowed",
])("%s: out of memory", async (text) => {
  expect(classify(await replyOf(text))).toBe("out_of_memory");
});

test.each([
  "WRONGTYPE Operation against a key holding the wrong kind of value",
  "ERR unknown command 'FOO'",
  "ERR",
])("%s: our mistake", async (text) => {
  expect(classify(await replyOf(text))).toBe("fault");
});

test("a broken connection is a loss, and so is what was given up at the deadline", async () => {
  const doomed = new Redis(inject("redisUrl"), { maxRetriesPerRequest: 0, retryStrategy: () => null });
  await doomed.ping();
  const reply = doomed.blpop("nothing-comes", 0).catch((error) => error);
  doomed.stream.destroy();
  expect(classify(await reply)).toBe("lost");
  expect(classify(new RedisUnavailable("no answer"))).toBe("lost");
});

test("what the language throws, and what is no error at all, is our mistake", () => {
  for (const thrown of [
    new TypeError("x"),
    new RangeError("x"),
    new SyntaxError("x"),
    "text",
    undefined,
    null,
  ]) {
    expect(classify(thrown)).toBe("fault");
  }
});

test("what a server quotes of a command that it does not know is in no word of the error", async () => {
  const error = await redis.call("no-such-command", "hunter2", "hunter3").catch((reason: Error) => reason);
  const { message, stack } = error as Error; // it is composed when it is first read
  expect([message, stack].join()).toContain("hunter2");
  expect(reasonOf(error as Error)).toBe("ERR unknown command 'no-such-command'");
  withoutCommand(error);
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain("hunter");
});
