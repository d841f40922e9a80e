import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** One call of Lambda's Invoke API. */
export interface Invocation {
  readonly functionName: string;
  readonly payload: unknown;
  readonly invocationType: string | undefined;
}

/** What the function answered, or how the call failed. */
export type Outcome =
  | { readonly answer: unknown }
  | { readonly functionError: string; readonly errorMessage: string }
  | { readonly status: number; readonly errorType: string };

export interface LambdaEndpoint {
  readonly url: string;
  readonly invocations: readonly Invocation[];
  close(): Promise<void>;
}

/** An HTTP server that speaks the wire format of Lambda's Invoke API and leaves the answers to the test. */
export async function startLambdaEndpoint(
  invoke: (call: Invocation) => Promise<Outcome>,
): Promise<LambdaEndpoint> {
  const invocations: Invocation[] = [];
  const server = createServer(async (request, response) => {
    const call = await readInvocation(request);
    if (!call) return response.writeHead(404).end();
    invocations.push(call);
    const outcome = await invoke(call);
    if ("status" in outcome) {
      response.writeHead(outcome.status, {
        "content-type": "application/json",
        "x-amzn-errortype": outcome.errorType,
      });
      return response.end(JSON.stringify({ Type: "User", message: "Rate Exceeded." }));
    }
    if ("functionError" in outcome) {
      response.writeHead(200, { "x-amz-function-error": outcome.functionError });
      return response.end(JSON.stringify({ errorMessage: outcome.errorMessage, errorType: "Error" }));
    }
    response.writeHead(200, { "content-type": "application/json", "x-amz-executed-version": "$LATEST" });
    response.end(JSON.stringify(outcome.answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    invocations,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readInvocation(request: IncomingMessage): Promise<Invocation | undefined> {
  const path = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/.exec(request.url ?? "");
  if (!path?.[1] || request.method !== "POST") return undefined;
  return {
    functionName: decodeURIComponent(path[1]),
    payload: JSON.parse(await text(request)),
    invocationType: request.headers["x-amz-invocation-type"]?.toString(),
  };
}
