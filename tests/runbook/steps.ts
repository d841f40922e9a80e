import { spawn } from "node:child_process";
import { read } from "../drift/files.ts";

/** The commands of the README that are marked with this name, one text a block. */
export function stepsOf(name: string): string[] {
  return [...read("README.md").matchAll(/^<!-- tested: (\S+) -->\n```sh\n([\s\S]*?)^```$/gm)]
    .filter(([, marked]) => marked === name)
    .map(([, , commands]) => commands ?? "");
}

/** The names that blocks are marked with. */
export function markedNames(): string[] {
  const marks = [...read("README.md").matchAll(/^<!-- tested: (\S+) -->$/gm)];
  return [...new Set(marks.map(([, name]) => name ?? ""))];
}

/** The sections of the runbook in their order, the introduction first, and the texts of their blocks. */
export function sectionsOfRunbook(): { readonly title: string; readonly blocks: readonly string[] }[] {
  const [, runbook = ""] = read("README.md").split(/^## Runbook$/m);
  const sections = (runbook.split(/^## /m)[0] ?? "").split(/^### /m);
  return sections.map((section, index) => ({
    title: index === 0 ? "" : (section.split("\n")[0] ?? ""),
    blocks: [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands ?? ""),
  }));
}

/** A terminal: what one step exports is there for the next. */
export function openTerminal(cwd: string, environment: Readonly<Record<string, string>>) {
  const { PATH = "", HOME = "" } = process.env;
  let env: Record<string, string> = { PATH, HOME, ...environment };
  return {
    get env() {
      return env;
    },
    /** What the commands wrote. Rejects with it when one of them fails; none of them may take longer than 20 seconds. */
    async run(commands: string): Promise<string> {
      const script = `set -eu\n${commands}\nenv -0 >&3`;
      const child = spawn("bash", ["-c", script], {
        cwd,
        env,
        stdio: ["ignore", "pipe", "pipe", "pipe"],
        timeout: 20_000,
      });
      const [output, errors, variables] = ["", "", ""].map(() => [] as Buffer[]);
      for (const [index, chunks] of [output, errors, variables].entries())
        child.stdio[index + 1]?.on("data", (chunk: Buffer) => chunks?.push(chunk));
      const code = await new Promise((resolve) =>
        child.once("exit", (code, signal) => resolve(code ?? signal)),
      );
      const text = (chunks: Buffer[] | undefined) => Buffer.concat(chunks ?? []).toString();
      if (code !== 0) throw new Error(`ended with ${code}\n${commands}\n${text(output)}${text(errors)}`);
      const pairs = text(variables).split("\0").filter(Boolean);
      env = Object.fromEntries(
        pairs.map((pair) => [pair.replace(/=[\s\S]*/, ""), pair.replace(/^[^=]*=/, "")]),
      );
      return text(output);
    },
  };
}
