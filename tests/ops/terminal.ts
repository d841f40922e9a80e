import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { projectDir } from "../../dev/paths.ts";
import { mintToken } from "../token.ts";
import type { operate } from "./operator.ts";

const run = promisify(execFile);

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** The function behind HTTP, as API Gateway has it. */
export async function serveHttp({ api }: ReturnType<typeof operate>): Promise<Served> {
  const server: Server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const body = await text(request);
    const answer = await api(request.method ?? "GET", pathname, {
      token: (request.headers.authorization ?? "").replace("Bearer ", ""),
      ...(searchParams.size > 0 && { query: Object.fromEntries(searchParams) }),
      ...(body && { body: JSON.parse(body) }),
    });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `npm run ops`, asked by somebody who was given the scopes by name. */
export async function terminal({ url }: Pick<Served, "url">, ...words: string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const token = await mintToken({ tenant: "operator", scope: "ops:read ops:write" });
  const env = { PATH, HOME, REDIGATE_STATE_DIR: tmpdir(), REDIGATE_URL: url, REDIGATE_TOKEN: token };
  return run(process.execPath, ["dev/run.js", "ops", ...words], { cwd: projectDir, env }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}
