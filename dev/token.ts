import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createPrivateFile } from "./private-file.ts";
import { readSettings } from "./settings.ts";
import { developmentKey, mintToken, newKey, publicKey, readKey, type TokenClaims } from "./signing-key.ts";

const USAGE = `Usage: npm run -s token -- --tenant <name> --scope '<words>' [--days <number>] [--key <file>]
       npm run -s token -- --new-key <file>

  --tenant   whose data: 1 to 64 letters, digits, "_" or "-"
  --scope    what the bearer may do: words like cache:*, cache:read, sessions:write; * alone is everything but ops:*
  --days     how long the token is valid: 1 to 3650 (default 30)
  --key      a private Ed25519 key (JWK or PKCS#8 PEM) instead of the development key of this machine
  --new-key  write a new private key to this file and print the public one, for AUTH_PUBLIC_KEY`;

const OPTIONS = {
  tenant: { type: "string" },
  scope: { type: "string" },
  days: { type: "string", default: "30" },
  key: { type: "string" },
  "new-key": { type: "string" },
  help: { type: "boolean" },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

async function run(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return USAGE;
  if (values["new-key"] !== undefined) return writeNewKey(fromCaller(values["new-key"]));
  const claims = checkedClaims(values);
  const key =
    values.key === undefined
      ? await developmentKey(readSettings().stateDir)
      : await readKey(fromCaller(values.key));
  return mintToken(key, claims);
}

/** npm runs scripts in the project's root and says in INIT_CWD where the caller is. */
function fromCaller(file: string): string {
  return resolve(process.env.INIT_CWD ?? ".", file);
}

async function writeNewKey(file: string): Promise<string> {
  const text = await newKey();
  await createPrivateFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === "EEXIST" ? `${file} exists already and is left as it is` : `${file} cannot be written`,
    );
  });
  return publicKey(JSON.parse(text));
}

function checkedClaims({ tenant = "", scope = "", days }: Options): TokenClaims {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(tenant)) {
    throw new Error('--tenant must be 1 to 64 letters, digits, "_" or "-"');
  }
  const words = scope.split(" ").filter(Boolean);
  if (words.length === 0 || !words.every((word) => /^(\*|[a-z]+:(\*|read|write))$/.test(word))) {
    throw new Error("--scope must be words like cache:*, cache:read or *, separated by spaces");
  }
  const wholeDays = /^\d{1,4}$/.test(days) ? Number(days) : 0;
  if (wholeDays < 1 || wholeDays > 3650) throw new Error("--days must be a whole number from 1 to 3650");
  return { tenant, scope: words.join(" "), days: wholeDays };
}

try {
  console.log(await run());
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
