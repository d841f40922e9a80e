// Plain JavaScript, because a Node too old to run TypeScript must still be able to say so.
import { existsSync } from "node:fs";
import { argv, exit, versions } from "node:process";

const installed = existsSync(new URL("../node_modules/jose", import.meta.url));
if (!installed || Number.parseInt(versions.node, 10) < 24) {
  console.error(`This is Node ${versions.node}; the project brings its own Node 24. Run \`npm ci\` first.`);
  exit(1);
}
const [script] = argv.splice(2, 1);
await import(`./${script}.ts`);
