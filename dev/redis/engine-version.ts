import { execFile } from "node:child_process";
import { promisify } from "node:util";

const OLDEST_MAJOR = 7;

/** Resolves to `path` if it is a Redis or Valkey server this project can use, else rejects saying why not. */
export async function usableEngine(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 }).catch(() => {
    throw new Error(`${path} does not run`);
  });
  const version = /\bv=(\d+)\.[\d.]+/.exec(stdout);
  if (!version) throw new Error(`${path} does not say its version`);
  if (Number(version[1]) < OLDEST_MAJOR) throw new Error(`${path} is older than version ${OLDEST_MAJOR}`);
  return path;
}
