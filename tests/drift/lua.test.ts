import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import type { Script } from "../../lib/redis/script.ts";
import { filesIn, read } from "./files.ts";

const { bundled }: { bundled(text: string): string } = createRequire(import.meta.url)(
  join(projectDir, "dev/bundled-lua.cjs"),
);

const MAX_LINES = 60;
/** Stops everybody, sees other tenants' keys, or costs more the larger a collection is. */
const FORBIDDEN =
  /^(KEYS|SCAN|RANDOMKEY|FLUSHALL|FLUSHDB|SMEMBERS|HGETALL|HKEYS|HVALS|SORT|EVAL|EVALSHA|CONFIG|DEL)$/;
const WITHOUT_KEY = ["TIME"];
/** What functions call the keys that they are given. */
const KEY_PARAMETERS = [
  ...["board", "ranks", "stamps", "metadata", "levels", "holders", "notes"],
  ...["members", "given", "counts", "trending"],
  ...["fence", "grants", "queue", "beats", "wake", "key"],
];

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

/** What is wrong with the code of a script, or of the functions that it calls: these take keys as parameters. */
function mistakesInCode(code: readonly string[], parameters: readonly string[] = []): string[] {
  const found: string[] = [];
  const expectThat = (holds: boolean, otherwise: string) => holds || found.push(otherwise);
  for (const line of code) {
    for (const [call, command = "", key = ""] of line.matchAll(
      /redis\.p?call\('(MEMORY', 'USAGE|\w+)'(?:, (KEYS\[[^\]]*\]|unpack\(KEYS|[\w[\]']+))?/g,
    )) {
      expectThat(!FORBIDDEN.test(command), `${call}: forbidden`);
      expectThat(
        WITHOUT_KEY.includes(command) || /^(KEYS\[.+\]|unpack\(KEYS)$/.test(key) || parameters.includes(key),
        `${call}: the key is not one of KEYS`,
      );
    }
    const calls = line.match(/redis\.p?call\b/g)?.length ?? 0;
    expectThat(
      calls === (line.match(/redis\.p?call\('\w+'/g)?.length ?? 0),
      `a command that nobody can check: ${line}`,
    );
    expectThat(
      !/KEYS(?!\[|, \d+\))|KEYS\[[^\]]*\] *\.\.|\.\. *KEYS/.test(line),
      `builds or counts keys: ${line}`,
    );
    for (const name of parameters) {
      expectThat(
        !new RegExp(`(?<![.\\w])${name}\\b *(=(?!=)|\\.\\.)|\\.\\. *${name}\\b(?!\\.\\w)`).test(line),
        `builds a key: ${line}`,
      );
    }
  }
  return found;
}

/** What is wrong with a script; nothing if its header says what its code does. Undefined: keys of another number each time. */
function mistakes(source: string, numberOfKeys: number | undefined): string[] {
  const lines = source.trimEnd().split("\n");
  const end = lines.findIndex((line) => !line.startsWith("--"));
  const header = lines.slice(0, end);
  const code = lines.slice(end).map((line) => line.replace(/--.*$/, ""));
  const found = mistakesInCode(code);
  const expectThat = (holds: boolean, otherwise: string) => holds || found.push(otherwise);

  const declared = (name: string) =>
    header.flatMap(
      (line) => new RegExp(`^-- ${name}\\[(\\d+)(\\.\\.)?\\] \\S`).exec(line)?.slice(1, 3).join("") ?? [],
    );
  const fixed = (name: string) => declared(name).filter((number) => !number.endsWith(".."));
  const used = (name: string) => {
    const numbers = [...code.join("\n").matchAll(new RegExp(`\\b${name}\\[(\\d+)\\]`, "g"))].map(
      ([, number]) => Number(number),
    );
    return [...new Set(numbers)].sort((a, b) => a - b).map(String);
  };
  const isCounted = (names: readonly string[]) =>
    names.every(
      (name, index) => name === String(index + 1) || (name === `${index + 1}..` && !names[index + 1]),
    );
  const computed = (name: string) =>
    new RegExp(`\\b${name}\\[[^\\]]*[a-zA-Z][^\\]]*\\]|unpack\\(${name}, \\d+\\)|#${name}\\b`).test(
      code.join("\n"),
    );
  expectThat(
    /^-- [A-Z]/.test(header[0] ?? "") && !/KEYS|ARGV/.test(header[0] ?? ""),
    "line 1 does not say the purpose",
  );
  for (const name of ["KEYS", "ARGV"]) {
    expectThat(isCounted(declared(name)), `the ${name} of the header are not in order`);
    expectThat(
      String(fixed(name)) === String(used(name)),
      `the ${name} of the header are not those of the code`,
    );
    expectThat(
      declared(name).length > fixed(name).length === computed(name),
      `the header does not say whether there are further ${name}`,
    );
  }
  expectThat(
    numberOfKeys === undefined
      ? declared("KEYS").length > fixed("KEYS").length
      : String(declared("KEYS")) === String(fixed("KEYS")) && fixed("KEYS").length === numberOfKeys,
    `the header does not list ${numberOfKeys ?? "any number of"} KEYS`,
  );
  expectThat(
    header.filter((line) => /^-- => \S/.test(line)).length === 1,
    "the header has not one line with the reply",
  );
  expectThat(lines.length < MAX_LINES, `has ${MAX_LINES} lines or more`);
  return found;
}

/** What is wrong with functions that scripts share: they begin by saying what they do, and every key is a parameter. */
function mistakesInPart(source: string): string[] {
  const lines = source.trimEnd().split("\n");
  const code = lines.map((line) => line.replace(/--.*$/, ""));
  const parameters = code.flatMap((line) => {
    const [, list = ""] = /^local function \w+\(([^)]*)\)/.exec(line) ?? [];
    return list.split(", ").filter((name) => KEY_PARAMETERS.includes(name));
  });
  return [
    ...mistakesInCode(code, parameters),
    ...(/^-- [A-Z]/.test(lines[0] ?? "") ? [] : ["line 1 does not say the purpose"]),
    ...(/\b(KEYS|ARGV)\b/.test(code.join("\n")) ? ["takes what only a script is given"] : []),
    ...(lines.length < MAX_LINES ? [] : [`has ${MAX_LINES} lines or more`]),
  ];
}

const isPart = (source: string) => /^local function /m.test(source) && !/^return /m.test(source);

describe("a script", () => {
  test("is found for each command, and there are no others", () => {
    expect(files.length).toBeGreaterThan(0);
    const texts = files.map(read);
    expect(texts.filter((text) => !scripts.some(({ lua }) => lua.includes(bundled(text))))).toEqual([]);
    expect(scripts.length).toBe(texts.filter((text) => !isPart(text)).length);
  });

  test.each(files.filter((file) => !isPart(read(file))))("does what its header says: %s", (file) => {
    const own = bundled(read(file));
    const [script, ...others] = scripts.filter(({ lua }) => lua.endsWith(own));
    expect(others).toEqual([]);
    expect(mistakes(read(file), script?.numberOfKeys)).toEqual([]);
    const parts = script?.lua.slice(0, -own.length) ?? "";
    const calls = [...`${parts}\n${own}`.matchAll(/(?<!function |\w)(\w+)\((?=(\w+))/g)];
    const ours = [...parts.matchAll(/^local function (\w+)\((\w+)/gm)];
    for (const [, name, first = ""] of ours) {
      const given = calls.filter(([, called]) => called === name).map(([, , argument]) => argument);
      expect(given.length, `nobody calls ${name}`).toBeGreaterThan(0);
      if (!KEY_PARAMETERS.includes(first)) continue;
      expect(
        given.filter((argument) => argument !== "KEYS" && !KEY_PARAMETERS.includes(argument ?? "")),
      ).toEqual([]);
    }
  });

  test.each(files.filter((file) => isPart(read(file))))("shares functions that take keys: %s", (file) => {
    expect(mistakesInPart(read(file))).toEqual([]);
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
    ["keys that it does not declare", good.replace("return 1", "return KEYS[ARGV[1] + 1]"), 1],
    ["further keys that it does not use", good.replace("-- ARGV", "-- KEYS[2..] more\n-- ARGV"), undefined],
    ["a script too long", good.replace("return 1", `${"local x = 1\n".repeat(MAX_LINES)}return 1`), 1],
  ])("%s", (_, source, numberOfKeys) => {
    expect(mistakes(source, numberOfKeys)).not.toEqual([]);
  });

  const part = "-- Adds.\nlocal function add(ranks, member)\n  redis.call('ZADD', ranks, 1, member)\nend\n";

  test("nothing in a good part", () => {
    expect(isPart(part) && mistakesInPart(part)).toEqual([]);
  });

  test.each([
    ["a part without a purpose", part.slice(part.indexOf("local"))],
    ["a key that is no parameter", part.replace("ranks, 1", "member, 1")],
    ["a key that is built", part.replace("redis.call", "ranks = ranks .. ':x'; redis.call")],
    ["KEYS in a part", part.replace("ranks, 1", "KEYS[1], 1")],
  ])("%s", (_, source) => {
    expect(mistakesInPart(source)).not.toEqual([]);
  });
});
