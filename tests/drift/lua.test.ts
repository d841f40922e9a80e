import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import type { Script } from "../../lib/redis/connect.ts";
import { filesIn, read } from "./files.ts";

const MAX_LINES = 60;
/** Stops everybody, sees other tenants' keys, or costs more the larger a collection is. */
const FORBIDDEN =
  /^(KEYS|SCAN|RANDOMKEY|FLUSHALL|FLUSHDB|SMEMBERS|HGETALL|HKEYS|HVALS|SORT|EVAL|EVALSHA|CONFIG|DEL)$/;
const WITHOUT_KEY = ["TIME"];

const files = filesIn(["lib"], ".lua");
const scripts = await allScripts();

async function allScripts(): Promise<readonly Script[]> {
  const modules = filesIn(["lib"], "scripts.ts").map(
    (path) => import(/* @vite-ignore */ join(projectDir, path)),
  );
  const groups = (await Promise.all(modules)).flatMap((exported) =>
    Object.values<Record<string, Script>>(exported),
  );
  return groups.flatMap((group) => Object.values(group));
}

/** What is wrong with a script; nothing if its header says what its code does. */
function mistakes(source: string, numberOfKeys: number): string[] {
  const lines = source.trimEnd().split("\n");
  const end = lines.findIndex((line) => !line.startsWith("--"));
  const header = lines.slice(0, end);
  const code = lines.slice(end).map((line) => line.replace(/--.*$/, ""));
  const found: string[] = [];
  const expectThat = (holds: boolean, otherwise: string) => holds || found.push(otherwise);

  const declared = (name: string) =>
    header.flatMap((line) => new RegExp(`^-- ${name}\\[(\\d+)\\] \\S`).exec(line)?.[1] ?? []);
  const used = (name: string) => {
    const numbers = [...code.join("\n").matchAll(new RegExp(`\\b${name}\\[(\\d+)\\]`, "g"))].map(
      ([, number]) => Number(number),
    );
    return [...new Set(numbers)].sort((a, b) => a - b).map(String);
  };
  const counted = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));
  expectThat(
    /^-- [A-Z]/.test(header[0] ?? "") && !/KEYS|ARGV/.test(header[0] ?? ""),
    "line 1 does not say the purpose",
  );
  expectThat(
    String(declared("KEYS")) === String(counted(numberOfKeys)),
    `the header does not list KEYS[1..${numberOfKeys}]`,
  );
  expectThat(
    String(used("KEYS")) === String(counted(numberOfKeys)),
    `the code does not use KEYS[1..${numberOfKeys}]`,
  );
  expectThat(
    String(declared("ARGV")) === String(counted(declared("ARGV").length)),
    "the ARGV of the header are not in order",
  );
  expectThat(
    String(declared("ARGV")) === String(used("ARGV")),
    "the ARGV of the header are not those of the code",
  );
  expectThat(
    header.filter((line) => /^-- => \S/.test(line)).length === 1,
    "the header has not one line with the reply",
  );
  expectThat(lines.length < MAX_LINES, `has ${MAX_LINES} lines or more`);

  for (const line of code) {
    for (const [call, command = "", key = ""] of line.matchAll(/redis\.p?call\('(\w+)'(?:, ([\w[\]']+))?/g)) {
      expectThat(!FORBIDDEN.test(command), `${call}: forbidden`);
      expectThat(
        WITHOUT_KEY.includes(command) || /^KEYS\[\d+\]$/.test(key),
        `${call}: the key is not one of KEYS`,
      );
    }
    const calls = line.match(/redis\.\w+/g)?.length ?? 0;
    expectThat(
      calls === (line.match(/redis\.p?call\('\w+'/g)?.length ?? 0),
      `a command that nobody can check: ${line}`,
    );
    expectThat(!/KEYS(?!\[\d+\])|KEYS\[\d+\] *\.\.|\.\. *KEYS/.test(line), `builds or counts keys: ${line}`);
  }
  return found;
}

describe("a script", () => {
  test("is found for each command, and there are no others", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !scripts.some(({ lua }) => lua === read(file)))).toEqual([]);
    expect(scripts.length).toBe(files.length);
  });

  test.each(files)("does what its header says: %s", (file) => {
    const script = scripts.find(({ lua }) => lua === read(file));
    expect(mistakes(read(file), script?.numberOfKeys ?? -1)).toEqual([]);
  });
});

describe("the rules catch", () => {
  const good =
    "-- Sets.\n-- KEYS[1] key\n-- ARGV[1] value\n-- => 1\nredis.call('SET', KEYS[1], ARGV[1])\nreturn 1\n";

  test("nothing in a good script", () => {
    expect(mistakes(good, 1)).toEqual([]);
  });

  test.each([
    ["another number of keys", good, 2],
    ["no purpose", good.slice(good.indexOf("-- KEYS")), 1],
    ["no reply", good.replace("-- => 1\n", ""), 1],
    ["an argument nobody documented", good.replace("return 1", "return ARGV[2]"), 1],
    ["an argument nobody uses", good.replace("-- =>", "-- ARGV[2] more\n-- =>"), 1],
    ["a gap in the arguments", good.replaceAll("ARGV[1]", "ARGV[2]"), 1],
    ["a key nobody declared", good.replace("return 1", "return KEYS[2]"), 1],
    ["a key that is built", good.replace("KEYS[1], ARGV", "KEYS[1] .. ':x', ARGV"), 1],
    ["a key from an argument", good.replace("return 1", "return redis.call('GET', ARGV[1])"), 1],
    ["a key from a variable", good.replace("return 1", "return redis.call('GET', name)"), 1],
    ["KEYS", good.replace("return 1", "return redis.call('KEYS', '*')"), 1],
    ["FLUSHALL", good.replace("return 1", "return redis.call('FLUSHALL')"), 1],
    ["a command from a variable", good.replace("return 1", "return redis.call(ARGV[1], KEYS[1])"), 1],
    ["a script too long", good.replace("return 1", `${"local x = 1\n".repeat(MAX_LINES)}return 1`), 1],
  ])("%s", (_, source, numberOfKeys) => {
    expect(mistakes(source, numberOfKeys)).not.toEqual([]);
  });
});
