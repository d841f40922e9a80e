import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "../../dev/paths.ts";
import { createAuthority } from "../../dev/redis/certificate.ts";

interface Variables {
  readonly resolveVariable: () => Promise<unknown>;
}
interface UserData {
  userData(variables: Variables): Promise<{ readonly "Fn::Base64": { readonly "Fn::Sub": string } }>;
}
const { userData }: UserData = createRequire(import.meta.url)(
  join(projectDir, "infra/self-managed/user-data.cjs"),
);

/** What CloudFormation puts in. */
const NAMES: Readonly<Record<string, string>> = {
  "AWS::Region": "us-east-1",
  FunctionsPassword: "arn:functions",
  OpsPassword: "arn:ops",
};

/**
 * What is not on this machine, or must not be done to it; the shell, what it reads and what it writes are the machine's.
 * Each tells in `said` that it was called.
 */
const STAND_INS = `
said() { echo "$@" >> said; }
for name in dnf systemctl mount xfs_growfs chown sysctl; do eval "$name() { said $name \\"\\$@\\"; }"; done
rpm() { test -e packages; }
dnf() { said dnf "$@"; touch packages; test ! -e away; }
sleep() { said sleep; touch dev/sdf; rm -f away; }
blkid() { test -e formatted; }
mkfs.xfs() { said mkfs.xfs "$@"; touch formatted; }
mountpoint() { false; }
curl() { case "$*" in */token) echo token ;; *) cat address ;; esac; }
aws() { case "$*" in *arn:ops*) cat ops.json ;; *) cat functions.json ;; esac; }
python3() { "$NODE" -e 'process.stdout.write(JSON.parse(require("fs").readFileSync(0)).password)'; }
openssl() { said openssl; cp key.pem etc/valkey/tls/key.pem; cp certificate.pem etc/valkey/tls/certificate.pem; }
`;

export interface Machine {
  /** The script that the machine runs, with the names filled in. */
  readonly script: string;
  /** Runs it, as each start of the machine does, and gives what it did, command by command. */
  start(): Promise<string[]>;
  /** Where the machine's own files are. */
  path(name: string): string;
}

/** The machine of `cache=self-managed`, as far as a shell can be one, in a folder of its own. */
export async function createMachine(
  folder: string,
  address: string,
  passwords: Readonly<Record<"functions" | "ops", string>>,
): Promise<Machine> {
  const stack = { maxMemoryMegabytes: 100, eviction: "volatile-lru" };
  const { "Fn::Base64": text } = await userData({ resolveVariable: async () => stack });
  const filled = text["Fn::Sub"].replace(/\$\{([\w:]+)\}/g, (mark, name) => NAMES[name] ?? mark);
  const [, script = ""] = /text\/x-shellscript\n\n(.*)\n--redigate--/s.exec(filled) ?? [];

  const path = (name: string) => join(folder, name);
  for (const name of ["etc/valkey", "etc/systemd/system", "var/lib/valkey", "dev"])
    await mkdir(path(name), { recursive: true });
  await writeFile(path("dev/sdf"), "");
  await writeFile(path("address"), address);
  for (const [username, password] of Object.entries(passwords))
    await writeFile(path(`${username}.json`), JSON.stringify({ username, password }));
  // As the machine's: signed by itself, of no name that a client could check.
  const { cert, key } = createAuthority().issue("localhost");
  await writeFile(path("certificate.pem"), cert);
  await writeFile(path("key.pem"), key);

  async function start() {
    const here = script.replace(/(?<=[\s'"=])\/(etc|var|dev\/sdf)\b/g, `${folder}/$1`);
    await rm(path("said"), { force: true });
    await writeFile(path("start.sh"), STAND_INS);
    await appendFile(path("start.sh"), here);
    const env = { PATH: process.env.PATH, NODE: process.execPath };
    await promisify(execFile)("bash", [path("start.sh")], { cwd: folder, env });
    return (await readFile(path("said"), "utf8")).trim().split("\n");
  }
  return { script, start, path };
}
