import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "../lib/http/openapi.ts";
import { contracts } from "./contracts.ts";
import { projectDir } from "./paths.ts";
import { withTables } from "./readme-tables.ts";

const { version } = JSON.parse(read("package.json"));
write("openapi.json", `${JSON.stringify(describe(Object.values(contracts), version), null, 2)}\n`);
write("README.md", withTables(read("README.md")));
console.log("openapi.json and the tables of README.md are written.");

function read(file: string): string {
  return readFileSync(join(projectDir, file), "utf8");
}

function write(file: string, text: string): void {
  writeFileSync(join(projectDir, file), text);
}
