import { describe, expect, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import {
  configurationTable,
  descriptions,
  endpointTable,
  parameterTable,
  readVariables,
  withTables,
} from "../../dev/readme-tables.ts";
import { parseConfig } from "../../lib/config.ts";
import { filesIn, read } from "./files.ts";

const variables = readVariables();
const names = variables.map(({ name }) => name).sort();
/** A library reads its variables itself, and not every one takes the empty text for unset; Lambda sets its own. */
const own = names.filter((name) => !/^(POWERTOOLS|AWS)_/.test(name));

/** The variables of the environment that a text passes on under their own name, or sets as the stack needs them. */
function passedOn(text: string): string[] {
  return [...text.matchAll(/^ +([A-Z][A-Z_]+): \$\{(?:env:\1, '.*'|self:custom\.\w+\.\1)\}$/gm)].map(
    ([, name]) => name ?? "",
  );
}

describe("README.md", () => {
  test("has the tables of the present contracts and configuration; `node dev/readme-tables.ts` writes them", () => {
    const readme = read("README.md");
    expect(readme).toBe(withTables(readme));
  });

  test("would not be right with one operation or one variable fewer", () => {
    const readme = ["endpoints", "configuration", "parameters"]
      .map((name) => `<!-- ${name} -->\n<!-- /${name} -->\n`)
      .join("");
    const filled = withTables(readme);
    expect(filled).toContain(endpointTable());
    expect(filled).toContain(configurationTable());
    expect(filled).toContain(parameterTable());
    expect(withTables(filled)).toBe(filled);
    const operations = Object.values(contracts).flatMap((contract) => Object.values(contract));
    expect(endpointTable().split("\n")).toHaveLength(operations.length + 2);
    expect(configurationTable().split("\n")).toHaveLength(variables.length + 2);
    expect(() => withTables("# redigate")).toThrow("<!-- endpoints -->");
  });
});

/** Values beside the defaults that are no number. */
const OTHERS: Readonly<Record<string, string>> = {
  false: "true",
  true: "false",
  token: "authorizer",
  standalone: "cluster",
  mymaster: "another",
  "{}": '{"post":{"claps":5}}',
};

/** What a variable needs to mean anything. */
const BESIDE: Readonly<Record<string, Record<string, string>>> = {
  REDIS_PORT: { REDIS_HOST: "cache.example" },
  REDIS_IAM: { AWS_REGION: "eu-central-1", ELASTICACHE_ID: "my-cache", REDIS_USERNAME: "me" },
};

describe("every variable that lib/config.ts reads", () => {
  test("is described, and nothing else is", () => {
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(descriptions).sort()).toEqual(names);
  });

  test("is passed on to the functions, and nothing else is, apart from those of libraries", () => {
    const texts = ["serverless.yml", ...filesIn(["functions"], "function.yml")].map(read);
    expect(texts.flatMap(passedOn).sort()).toEqual(own);
  });

  test.each(variables.filter((variable) => variable.default !== undefined))(
    "has the default that the table says: $name=$default",
    ({ name, default: value = "" }) => {
      const beside = BESIDE[name] ?? {};
      expect(parseConfig({ ...beside, [name]: value })).toEqual(parseConfig(beside));
      const another = OTHERS[value] ?? String(Number(value) + 1);
      expect(parseConfig({ ...beside, [name]: another })).not.toEqual(parseConfig(beside));
    },
  );

  test("is in .env.example with its default, apart from the one that only the emulator needs", () => {
    const example = new Map(
      [...read(".env.example").matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    for (const { name, default: value } of variables.filter(
      ({ name }) => own.includes(name) && name !== "RAW_PATH_DECODED",
    )) {
      expect(example.has(name), `${name} is missing`).toBe(true);
      if (value !== undefined) expect(`${name}=${example.get(name)}`).toBe(`${name}=${value}`);
    }
  });
});
