import { join, resolve } from "node:path";

/** The root of the checkout, whatever the working directory is. */
export const projectDir = resolve(import.meta.dirname, "..");

/** Downloaded or built programs. Safe to delete; they are fetched again. */
export const cacheDir = join(projectDir, ".redigate", "cache");
