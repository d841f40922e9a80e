import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { endure, type Fault, underLoad } from "./endure.ts";
import { PASSWORD, type RefusingServer, startRefusingServer } from "./refusing-server.ts";

const LIB = fileURLToPath(new URL("../../lib", import.meta.url));

let stage: RefusingServer;

beforeEach(async () => {
  stage = await startRefusingServer();
});
afterEach(() => stage.stop());

const functionsMay = (...rules: string[]) => stage.admin.call("ACL", "SETUSER", "functions", ...rules);
const dropEverybody = () => stage.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");

async function nothingIsRead(): Promise<void> {
  for (const [feature, { read }] of Object.entries(stage.writers))
    expect((await read("kept")).status, feature).toBe(503);
}

test.each<[string, Fault]>([
  [
    "MASTERDOWN: a replica must not serve old data",
    {
      async begin() {
        await stage.configure("replica-serve-stale-data", "no");
        await stage.admin.replicaof("127.0.0.1", (await freePort(0)) ?? 0);
      },
      meanwhile: nothingIsRead,
      end: () => stage.admin.replicaof("NO", "ONE"),
    },
  ],
  [
    "maxclients: nobody is let in again",
    {
      async begin() {
        await stage.configure("maxclients", "1");
        await dropEverybody();
      },
      end: () => stage.configure("maxclients", "100"),
    },
  ],
  [
    "WRONGPASS: the password is another, and everybody has to sign in",
    {
      async begin() {
        await functionsMay("resetpass", ">second");
        await dropEverybody();
      },
      end: () => functionsMay("resetpass", `>${PASSWORD}`),
    },
  ],
  [
    "NOPERM: no script may be run",
    { begin: () => functionsMay("-eval", "-evalsha"), end: () => functionsMay("+eval", "+evalsha") },
  ],
  [
    "NOPERM: scripts run, and may not write",
    { begin: () => functionsMay("-@write"), end: () => functionsMay("+@write") },
  ],
  [
    "NOPERM: keys are out of reach",
    { begin: () => functionsMay("resetkeys"), end: () => functionsMay("~*") },
  ],
])("%s", async (_, fault) => endure(stage.writers, fault));

/** What the scripts of all features call. */
async function commandsOfScripts(): Promise<Set<string>> {
  const commands = new Set<string>();
  for await (const path of glob(`${LIB}/*/lua/*.lua`)) {
    const calls = (await readFile(path, "utf8")).matchAll(/redis\.p?call\(\s*['"](\w+)/g);
    for (const [, name = ""] of calls) commands.add(name.toLowerCase());
  }
  return commands;
}

test("NOPERM: what a script calls is forbidden and allowed again, one command after the other", async () => {
  const commands = await commandsOfScripts();
  expect(commands.size).toBeGreaterThan(10);
  await underLoad(stage.writers, {}, async (loads) => {
    for (const command of commands) {
      await functionsMay(`-${command}`);
      await Promise.all(
        Object.values(loads.loads).map((load) => Promise.race([load.served(5), load.turnedAway(1)])),
      );
      await functionsMay(`+${command}`);
    }
    await loads.served(20, 20_000);
  });
});
