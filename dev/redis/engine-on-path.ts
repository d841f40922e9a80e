import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { usableEngine } from "./engine-version.ts";

/** The full path of a program, or undefined if the search path has none. */
export async function findOnPath(
  program: string,
  path = process.env.PATH ?? "",
): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, program);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

/** An installed `redis-server` or `valkey-server`. */
export async function engineOnPath(): Promise<string> {
  const file = (await findOnPath("redis-server")) ?? (await findOnPath("valkey-server"));
  if (!file) throw new Error("no redis-server or valkey-server on PATH");
  return usableEngine(file);
}
