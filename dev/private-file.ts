import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";

/** Writes a new file that only its owner can read. Rejects with code EEXIST if it is there already. */
export async function createPrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600 });
  try {
    await link(draft, path);
  } finally {
    await rm(draft);
  }
}

/** The content of `path`, made on first use. Of two processes at once, both get what the first one made. */
export async function privateFile(path: string, make: () => Promise<string>): Promise<string> {
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (found !== undefined) return found;
  await createPrivateFile(path, await make()).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return readFile(path, "utf8");
}
