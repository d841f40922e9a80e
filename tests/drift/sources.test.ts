import { describe, expect, test } from "vitest";
import { filesIn, occurrences } from "./files.ts";

const production = filesIn(["lib", "functions"], ".ts");
const everything = filesIn(["lib", "functions", "dev", "tests"], ".ts", ".js").filter(
  (path) => !path.startsWith("tests/drift/"),
);

describe("there is one place", () => {
  test("that reads the environment", () => {
    expect(occurrences(/process\.env|\benv\b.*from "node:process"/, production, ["lib/config.ts"])).toEqual(
      [],
    );
  });

  test("that makes connections", () => {
    expect(
      occurrences(/new (Redis|Cluster|Sentinel|IORedis)\b|new Valkey/, production, ["lib/redis/connect.ts"]),
    ).toEqual([]);
  });

  test("that builds keys", () => {
    const built = /`[^`]*(\$\{tenant\}|:\{\$|\}:\$\{)|"[^"]*:\{|\btenant\s*\+/;
    expect(occurrences(built, production, ["lib/redis/keys.ts"])).toEqual([]);
    const given = /\b(redis|pipeline|p|client)\.\w+\(\s*["'`][^"'`]*:/;
    expect(occurrences(given, production)).toEqual([]);
  });

  test("that talks to middy", () => {
    const allowed = ["lib/http/serve.ts", "lib/http/warm-up.ts"];
    expect(occurrences(/from "@middy\//, production, allowed)).toEqual([]);
  });
});

describe("nobody", () => {
  test("lists or empties a whole Redis, not even a test", () => {
    const commands =
      /\b(redis|client|connection|pipeline|p|raw)\w*\.(keys|flushall|flushdb|FLUSHALL|FLUSHDB)\(/i;
    expect(occurrences(commands, everything)).toEqual([]);
    // There they are asked for to be refused.
    const refused = ["tests/infra/self-managed.test.ts"];
    expect(occurrences(/["'`](FLUSHALL|FLUSHDB|KEYS)["'` ]/, everything, refused)).toEqual([]);
    expect(occurrences(/\bcall\(\s*["'`](flushall|flushdb|keys)\b/i, everything)).toEqual([]);
  });

  test("reads a whole collection that a user may have filled", () => {
    expect(
      occurrences(/\.(smembers|hgetall|hkeys|hvals|lrange\(\w+, 0, -1|zrange\(\w+, 0, -1)\b/i, production),
    ).toEqual([]);
  });

  test("gathers things in a barrel or a bin", () => {
    const names = /(^|\/)(index|utils?|helpers?|common|misc|shared)(\.ts$|\/)/;
    expect(everything.filter((path) => names.test(path))).toEqual([]);
  });

  test("writes a handler that does more than compose", () => {
    const long = filesIn(["functions"], "handler.ts", "worker.ts").filter(
      (path) => occurrences(/^/, [path]).length > 41,
    );
    expect(long).toEqual([]);
  });
});

describe("the places are where they should be:", () => {
  test.each([
    [/process\.env/, "lib/config.ts"],
    [/new Redis\(/, "lib/redis/connect.ts"],
    [/\$\{tenant\}/, "lib/redis/keys.ts"],
  ])("%s in %s", (pattern, file) => {
    expect(occurrences(pattern, [file])).not.toEqual([]);
  });
});
