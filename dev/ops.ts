import { parseArgs } from "node:util";
import { type Api, askApi } from "./ops/api.ts";
import { views } from "./ops/views.ts";
import { readSettings } from "./settings.ts";
import { developmentKey, mintToken } from "./signing-key.ts";

const USAGE = `Usage: npm run -s ops -- <command> [--url <address>] [--token <token>]

  topology                          nodes, roles, zones, versions, replication; what AWS is about to do
  engine                            memory, clients, hits and evictions of each node
  memory                            how much each feature uses, from a sample
  collections [--limit <number>]    the biggest keys, found by going over all of them
  slowlog [--limit <number>]        which commands were slow
  clients                           who is connected
  snapshot                          the snapshots there are
  snapshot --create [--label <label>]
  snapshot --restore <name>         the steps that restore it, each a command
  failover-test --node-group <id> --confirm <id of the cache>

  --url     where the API is (default REDIGATE_URL, or http://localhost:3000, where \`npm start\` serves)
  --token   who asks, with the scopes ops:read and ops:write (default REDIGATE_TOKEN, or one made with the
            development key of this machine)`;

const OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  limit: { type: "string" },
  create: { type: "boolean" },
  label: { type: "string" },
  restore: { type: "string" },
  "node-group": { type: "string" },
  confirm: { type: "string" },
  help: { type: "boolean" },
} as const;

class WrongUsage extends Error {}

async function run(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) return console.log(USAGE);
  const [name = "", ...more] = positionals;
  const view = Object.hasOwn(views, name) ? views[name as keyof typeof views] : undefined;
  if (!view || more.length > 0)
    throw new WrongUsage(name ? `There is no command ${positionals.join(" ")}.` : "Which?");
  if (values.create && values.restore !== undefined)
    throw new WrongUsage("--create and --restore do not go together.");
  const api: Api = askApi(
    values.url ?? (process.env.REDIGATE_URL || "http://localhost:3000"),
    values.token ?? (process.env.REDIGATE_TOKEN || (await ownToken())),
  );
  for await (const text of view(api, values)) console.log(text);
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

async function ownToken(): Promise<string> {
  const key = await developmentKey(readSettings().stateDir);
  return mintToken(key, { tenant: "operator", scope: "ops:read ops:write", days: 1 });
}

try {
  await run();
} catch (error) {
  const isUsage = error instanceof WrongUsage;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : (error as Error).message);
  process.exitCode = isUsage ? 2 : 1;
}
