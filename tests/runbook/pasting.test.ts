import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import { projectDir } from "../../dev/paths.ts";
import { sectionsOfRunbook } from "./steps.ts";

const { settle } = createRequire(import.meta.url)(join(projectDir, "infra/parameters.cjs"));
const [introduction, ...sections] = sectionsOfRunbook();
const commands = [introduction, ...sections].flatMap((section) => section?.blocks ?? []).join("");

/** The variables that the commands set, by themselves or with what they read. */
const setIn = (text: string) => [...text.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name = ""]) => name);
const usedIn = (text: string) => [...text.matchAll(/\$\{?([A-Z][A-Z_]+)/g)].map(([, name = ""]) => name);

test("the runbook has its sections", () => {
  expect(sections.length).toBeGreaterThan(10);
  for (const { title, blocks } of sections) expect(blocks.length, title).toBeGreaterThan(0);
});

describe.each(sections)("$title", ({ blocks }) => {
  test("has commands that a shell takes", () => {
    for (const block of blocks) execFileSync("bash", ["-n"], { input: block, stdio: "pipe" });
  });

  test("says before what the commands of each block take", () => {
    const known = new Set(["HOME", ...setIn(introduction?.blocks.join("") ?? "")]);
    for (const block of blocks) {
      for (const name of setIn(block)) known.add(name);
      expect(usedIn(block).filter((name) => !known.has(name))).toEqual([]);
    }
  });
});

/** What is in the environment is not told to the deployment, apart from what stands before it on the line. */
const deployments = [
  ...commands.matchAll(/^((?:[A-Z_]+=\S+ )*)npx sls deploy --stage (\w+)((?: --param \S+)*)/gm),
];

test.each(deployments.map(([line, ...parts]) => ({ line, parts })))(
  "$line is no contradiction",
  ({ parts }) => {
    const [before = "", stage, after = ""] = parts;
    const pairs = (text: string) =>
      Object.fromEntries([...text.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    expect(() => settle(pairs(after), stage, pairs(before))).not.toThrow();
  },
);

test("all functions that serve tenants are closed for a move", () => {
  const [, names = ""] = /^for name in (.*); do$/m.exec(commands) ?? [];
  const others = ["ops", "health", "openapi"];
  expect(names.split(" ").sort()).toEqual(
    Object.keys(contracts)
      .filter((name) => !others.includes(name))
      .sort(),
  );
});
