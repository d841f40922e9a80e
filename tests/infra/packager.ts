import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "../../dev/paths.ts";
import type { Template } from "./validator/template.ts";

const NO_SOURCES = ["node_modules", ".git", ".redigate", ".serverless", ".esbuild", "tests"];

/** A copy without anybody's settings, since the tool keeps its work in the project's folder. */
export function copyProject(): string {
  const project = join(mkdtempSync(join(tmpdir(), "redigate-package-")), "project");
  const noSources = NO_SOURCES.map((name) => join(projectDir, name));
  const isSource = (path: string) => !noSources.includes(path) && !/^\.env(?!\.example)/.test(basename(path));
  cpSync(projectDir, project, { recursive: true, filter: isSource });
  symlinkSync(join(projectDir, "node_modules"), join(project, "node_modules"));
  return project;
}

/** One in which all functions do nothing: their templates are the same, and take half the time. */
export function copyWithoutCode(): string {
  const project = copyProject();
  for (const file of globSync(join(project, "functions/*/{handler,worker}.ts")))
    writeFileSync(file, "export const handler = () => {};");
  return project;
}

const ENDS_WITHIN_MS = 100_000;

export interface Packaging {
  readonly output: string;
  /** @default "package" */
  readonly command?: string;
  readonly words?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs `sls package`, or another command, where there are neither credentials nor a home folder that could have some. */
export async function packageProject(project: string, packaging: Packaging): Promise<Template> {
  const { output, command = "package", words = [], environment } = packaging;
  const sls = join(projectDir, "node_modules/.bin/sls");
  const nowhere = mkdtempSync(join(project, "home-"));
  const env = {
    PATH: process.env.PATH,
    HOME: nowhere,
    REDIGATE_BUILD_DIR: `.build-${output}`,
    ...environment,
  };
  try {
    await promisify(execFile)(process.execPath, [sls, command, "--package", output, ...words], {
      cwd: project,
      env,
      timeout: ENDS_WITHIN_MS,
    });
  } catch (error) {
    const { stdout, stderr, killed } = error as { stdout: string; stderr: string; killed: boolean };
    const outcome = killed ? "did not end" : "failed";
    throw new Error(`\`sls ${command} ${words.join(" ")}\` ${outcome}: ${stdout}${stderr}`);
  }
  return JSON.parse(readFileSync(join(project, output, "cloudformation-template-update-stack.json"), "utf8"));
}
