import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../../dev/paths.ts";

/** Paths from the root of the checkout of all files below these folders whose names end so. */
export function filesIn(folders: readonly string[], ...endings: string[]): string[] {
  const all = folders.flatMap((folder) =>
    readdirSync(join(projectDir, folder), { recursive: true, encoding: "utf8" }).map((path) =>
      join(folder, path),
    ),
  );
  return all.filter((path) => endings.some((ending) => path.endsWith(ending))).sort();
}

export function read(path: string): string {
  return readFileSync(join(projectDir, path), "utf8");
}

/** Where a pattern occurs, as `file:line`, apart from the files that may have it. */
export function occurrences(
  pattern: RegExp,
  files: readonly string[],
  allowed: readonly string[] = [],
): string[] {
  return files
    .filter((path) => !allowed.includes(path))
    .flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
    );
}
