import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import type { Script } from "../../lib/redis/script.ts";
import { bareClient } from "../provided-redis.ts";
import { filesIn } from "./files.ts";

const scripts = await allScripts();
const client = bareClient();
/** The commands of all scripts that write, as the server itself has it. */
let writing: Set<string>;

beforeAll(async () => {
  writing = await writingOf(new Set(scripts.flatMap(([, { lua }]) => commandsOf(lua))));
});
afterAll(() => client.disconnect());

async function allScripts(): Promise<(readonly [name: string, script: Script])[]> {
  const modules = await Promise.all(
    filesIn(["lib"], "scripts.ts").map((path) => import(/* @vite-ignore */ join(projectDir, path))),
  );
  const groups = modules.flatMap((module) => Object.values<Record<string, Script>>(module));
  return groups.flatMap((group) => Object.entries(group));
}

function commandsOf(lua: string): string[] {
  const code = lua.replaceAll(/--.*$/gm, "");
  return [...code.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command = ""]) => command.toUpperCase());
}

async function writingOf(commands: ReadonlySet<string>): Promise<Set<string>> {
  const names = [...commands];
  const replies = (await client.call("COMMAND", "INFO", ...names)) as [string, number, string[]][];
  expect(replies.map((reply) => reply?.[0].toUpperCase())).toEqual(names);
  return new Set(names.filter((_, index) => replies[index]?.[2].includes("write")));
}

const writes = ({ lua }: Script) => commandsOf(lua).some((command) => writing.has(command));

test("the server tells writing commands from others", async () => {
  expect([...(await writingOf(new Set(["GET", "TIME", "SET", "ZREM", "PERSIST"])))]).toEqual([
    "SET",
    "ZREM",
    "PERSIST",
  ]);
  expect(scripts.filter(([, script]) => writes(script)).length).toBeGreaterThan(0);
});

test.each(scripts)("%s says that it is read-only if it writes nothing, and only then", (_, script) => {
  expect(script.readOnly ?? false).toBe(!writes(script));
});
