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
export function engineOnPath(): Promise<string> {
  return serverOnPath("redis-server", "valkey-server");
}

export function redisOnPath(): Promise<string> {
  return serverOnPath("redis-server");
}

export function valkeyOnPath(): Promise<string> {
  return serverOnPath("valkey-server");
}

async function serverOnPath(...names: readonly string[]): Promise<string> {
  for (const name of names) {
    const file = await findOnPath(name);
    if (file) return usableEngine(file);
  }
  throw new Error(`no ${names.join(" or ")} on PATH`);
}
