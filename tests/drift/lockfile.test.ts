import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../dev/paths.ts";
import { read } from "./files.ts";

/** The oldest Node that `npm ci` must run on; the project then brings its own. */
const OLDEST_NODE = "20.20.2";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
}

/** npm's own reading of version ranges, as one of the tools brings it. */
const semver: { satisfies(version: string, range: string): boolean } = createRequire(
  join(projectDir, "node_modules/serverless/package.json"),
)("semver");

const text = read("package-lock.json");
const lock: { readonly packages: Record<string, Locked> } = JSON.parse(text);
const { "": own, ...packages } = lock.packages;
const manifest = JSON.parse(read("package.json"));

function namesWhere(isWrong: (locked: Locked, path: string) => boolean): string[] {
  return Object.entries(packages).flatMap(([path, locked]) => (isWrong(locked, path) ? [path] : []));
}

describe("package-lock.json", () => {
  test("locks what package.json asks for", () => {
    expect(own).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
    expect(Object.keys(packages).length).toBeGreaterThan(100);
  });

  test("names no registry, so that it installs from whichever is configured", () => {
    expect(namesWhere(({ resolved }) => resolved !== undefined)).toEqual([]);
    expect(text).not.toMatch(/registry\.|\.tgz|\/-\//);
  });

  test("has the digest of every package that a Linux machine with glibc installs", () => {
    const isElsewhere = ({ os, libc }: Locked) => (os && !os.includes("linux")) || libc?.includes("musl");
    const isRare = ({ cpu }: Locked) => cpu && !cpu.includes("x64") && !cpu.includes("arm64");
    const missing = namesWhere((locked) => {
      const { integrity, link, inBundle, optional } = locked;
      return !integrity && !link && !inBundle && !(optional && (isElsewhere(locked) || isRare(locked)));
    });
    expect(missing).toEqual([]);
  });

  test(`has no package that warns on Node ${OLDEST_NODE}`, () => {
    expect(namesWhere(({ engines }) => !semver.satisfies(OLDEST_NODE, engines?.node ?? "*"))).toEqual([]);
    expect(semver.satisfies(OLDEST_NODE, manifest.engines.node)).toBe(true);
  });

  test("has no package whose install script npm would ask about", () => {
    const decided = Object.keys(manifest.allowScripts);
    const asking = namesWhere(({ hasInstallScript }) => hasInstallScript === true);
    const names = asking.map((path) =>
      path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    );
    expect(names.filter((name) => !decided.includes(name))).toEqual([]);
  });
});
