import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import { projectDir } from "../../dev/paths.ts";
import { httpEvent } from "../api.ts";
import { filesIn } from "./files.ts";
import { type Packaged, packageService, SECRET } from "./packaged.ts";

const MAX_BUNDLE_BYTES = 400 * 1024;
/** With the source map, which is most of it. */
const MAX_ZIP_BYTES = 900 * 1024;
const names = filesIn(["functions"], "function.yml").map((path) => path.split("/")[1] ?? "");

let packaged: Packaged;
let folder = "none";

beforeAll(async () => {
  ({ packaged, folder } = await packageService());
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A route of API Gateway's as a pattern of paths; the catch-all takes whatever no other route does. */
function routePattern(path: string): RegExp {
  const source = path
    .replaceAll(".", "\\.")
    .replace(/\{\w+\+\}/, ".+")
    .replace(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^${source}$`);
}

function routes(name: string): string[] {
  return (packaged.functions[name]?.events ?? []).flatMap(({ httpApi }) =>
    typeof httpApi === "object" ? [httpApi.path] : [],
  );
}

describe("every folder of functions/", () => {
  test("is one deployed function of the same name, and there are no others", () => {
    expect(names.length).toBeGreaterThan(3);
    expect(Object.keys(packaged.functions).sort()).toEqual(names);
  });

  test.each(names)("has its own handler or worker: %s", (name) => {
    const { handler } = packaged.functions[name] ?? { handler: "" };
    expect(handler).toMatch(new RegExp(`^functions/${name}/(handler|worker)\\.handler$`));
    expect(existsSync(join(projectDir, handler.replace(/\.handler$/, ".ts")))).toBe(true);
  });

  test("that serves HTTP has a contract, and no other has", () => {
    const serving = names.filter((name) => routes(name).length > 0);
    expect(Object.keys(contracts).sort()).toEqual(serving);
    const handlers = names.filter((name) => existsSync(join(projectDir, "functions", name, "handler.ts")));
    expect(handlers).toEqual(serving);
  });

  test.each(Object.entries(contracts))(
    "that serves HTTP gets the requests of its contract: %s",
    (name, contract) => {
      for (const { path } of Object.values(contract)) {
        const takers = names.filter((other) => routes(other).some((route) => routePattern(route).test(path)));
        expect({ path, takers }).toEqual({ path, takers: [name] });
      }
      for (const route of routes(name)) {
        const served = Object.values(contract).some(({ path }) => routePattern(route).test(path));
        expect(served, `nothing is served under ${route}`).toBe(true);
      }
    },
  );

  test("leaves what nobody serves to one function, which says so", () => {
    const takers = names.filter((name) =>
      packaged.functions[name]?.events.some(({ httpApi }) => httpApi === "*"),
    );
    expect(takers).toEqual(["openapi"]);
  });
});

describe("what is deployed", () => {
  test("runs on the runtime and the processor that it was built for", () => {
    const functions = Object.values(packaged.resources).filter(
      ({ Type }) => Type === "AWS::Lambda::Function",
    );
    expect(functions).toHaveLength(names.length);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
    }
  });
});

describe("every zip", () => {
  test.each(names)("holds one minified bundle with its source map, and nothing else: %s", (name) => {
    const { bytes, sizes, folder } = packaged.zips[name] ?? { bytes: Infinity, sizes: {}, folder: "" };
    expect(bytes).toBeLessThan(MAX_ZIP_BYTES);
    const bundle = packaged.functions[name]?.handler.replace(/\.handler$/, ".js") ?? "";
    expect(Object.keys(sizes).sort()).toEqual([bundle, `${bundle}.map`, "functions/package.json"].sort());
    expect(sizes[bundle]).toBeLessThan(MAX_BUNDLE_BYTES);
    const source = readFileSync(join(folder, bundle), "utf8");
    expect(source.length / source.split("\n").length).toBeGreaterThan(200);
    const { sources } = JSON.parse(readFileSync(join(folder, `${bundle}.map`), "utf8"));
    const foreign = sources.filter((path: string) =>
      /aws-sdk|@smithy\/(?!core\/|signature-v4\/)|\/tests\/|\/dev\/|\.test\./.test(path),
    );
    expect(foreign).toEqual([]);
  });

  test.each(names)("holds nothing of the machine that packed it: %s", (name) => {
    const { sizes, folder: unpacked } = packaged.zips[name] ?? { sizes: {}, folder: "" };
    for (const path of Object.keys(sizes)) {
      const text = readFileSync(join(unpacked, path), "utf8");
      const found = [SECRET, folder].filter((secret) => text.includes(secret));
      expect({ path, found }).toEqual({ path, found: [] });
      expect(text).not.toMatch(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?[A-Za-z0-9+/]{20}|\bAKIA[A-Z0-9]{16}\b/,
      );
    }
  });

  test.each(names)("starts where there is nothing but Node and what Lambda brings: %s", async (name) => {
    const { folder } = packaged.zips[name] ?? { folder: "" };
    const bundle = join(folder, packaged.functions[name]?.handler.replace(/\.handler$/, ".js") ?? "");
    const isScheduled = bundle.includes("/worker.");
    if (name === "warmer") symlinkSync(join(projectDir, "node_modules"), join(folder, "node_modules"));
    const script = `
      const { handler } = await import(${JSON.stringify(bundle)});
      const event = ${JSON.stringify(httpEvent("GET", "/v1/nothing", {}, null))};
      const answer = ${isScheduled ? "[]" : 'await handler(event, { awsRequestId: "id", functionName: "redigate-prod" })'};
      process.stderr.write(JSON.stringify([typeof handler, answer.statusCode]), () => process.exit());`;
    const env = {
      REDIS_URL: inject("redisUrl"),
      AUTH_PUBLIC_KEY: inject("publicKey"),
      AWS_REGION: "eu-central-1",
      POWERTOOLS_LOG_LEVEL: "SILENT",
    };
    const words = ["--input-type=module", "--eval", script];
    const { stderr } = await promisify(execFile)(process.execPath, words, { cwd: folder, env });
    expect(JSON.parse(stderr)).toEqual(isScheduled ? ["function", null] : ["function", 404]);
  });
});
