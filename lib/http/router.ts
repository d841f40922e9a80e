import type { Contract, Operation } from "./contract.ts";
import { invalidRequest, Problem } from "./problem.ts";

export interface Route {
  readonly name: string;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly name: string;
  readonly operation: Operation;
  readonly pattern: RegExp;
}

/**
 * Finds the operation for a method and a path; HEAD finds the GET. The path is matched as it came and each parameter
 * then percent-decoded, unless `pathDecoded`: API Gateway's HTTP APIs hand it over decoded.
 */
export function createRouter(contract: Contract, pathDecoded: boolean) {
  const routes = Object.entries(contract).map(([name, operation]) => compile(name, operation));

  return {
    /** Throws 404 `route_unknown`, 405 `method_not_allowed` with `Allow`, or 400 for bad percent-encoding. */
    find(method: string, path: string): Route {
      const wanted = method === "HEAD" ? "GET" : method;
      for (const { name, operation, pattern } of routes) {
        const match = operation.method === wanted && pattern.exec(path);
        if (match)
          return { name, operation, params: pathDecoded ? { ...match.groups } : decode(match.groups) };
      }
      const allow = this.allow(path);
      throw new Problem(405, "method_not_allowed", `This path does not answer ${method}.`, {
        headers: { allow },
      });
    },

    /** The methods that a path answers, as `Allow` lists them. Throws 404 `route_unknown` when there are none. */
    allow(path: string): string {
      const methods = routes
        .filter(({ pattern }) => pattern.test(path))
        .map(({ operation }) => operation.method);
      if (methods.length === 0) throw new Problem(404, "route_unknown", "There is nothing at this path.");
      return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
    },
  };
}

function compile(name: string, operation: Operation): Compiled {
  const source = operation.path
    .replaceAll(".", "\\.")
    .replace(/\{(\w+)(\+?)\}/g, (_, param: string, rest: string) => `(?<${param}>${rest ? ".*" : "[^/]*"})`);
  return { name, operation, pattern: new RegExp(`^${source}$`, "s") };
}

function decode(groups: Record<string, string> = {}): Record<string, string> {
  const params: Record<string, string> = {};
  try {
    for (const name in groups) params[name] = decodeURIComponent(groups[name] ?? "");
    return params;
  } catch {
    throw invalidRequest([{ path: "path", message: "must be percent-encoded UTF-8" }]);
  }
}
