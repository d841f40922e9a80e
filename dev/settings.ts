import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { projectDir } from "./paths.ts";

/** What a developer can choose for `npm start` and `npm run redis`. */
export interface DevSettings {
  readonly httpPort: number;
  /** A Redis of the developer's own, used as it is. */
  readonly redisUrl: string | undefined;
  /** Keys, password, data and the address of what runs; made if it is missing. Tests use one of their own. */
  readonly stateDir: string;
}

/** Reads PORT, REDIS_URL and REDIGATE_STATE_DIR from the environment and `.env`, where the environment wins. */
export function readSettings(): DevSettings {
  const file = join(projectDir, ".env");
  const env = { ...(existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {}), ...process.env };
  const stateDir = resolve(projectDir, env.REDIGATE_STATE_DIR || ".redigate");
  mkdirSync(stateDir, { recursive: true });
  return { httpPort: portNumber(env.PORT || "3000"), redisUrl: env.REDIS_URL || undefined, stateDir };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error("PORT must be a number from 1 to 65535.");
  return port;
}
