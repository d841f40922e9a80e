import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, vi } from "vitest";

/** One request of the SDK, in whichever of the two protocols. */
export interface AwsCall {
  /** `GetSecretValue`, ... */
  readonly action: string;
  readonly input: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** The region and the service that it was signed for, as in `eu-central-1/secretsmanager`. */
  readonly scope: string;
}

/** What is answered: something, nothing ever, or the end of the connection. */
export type AwsReply =
  | { readonly status: number; readonly contentType: string; readonly body: string }
  | "nothing"
  | "reset";

/**
 * An HTTP server in the place of AWS until the test ends: whatever the SDK sends from now on reaches it, through the
 * variables that the SDK reads. Gives the calls so far; the array grows.
 */
export async function stubAws(
  answer: (call: AwsCall, nth: number) => AwsReply | Promise<AwsReply>,
  variable = "AWS_ENDPOINT_URL",
): Promise<readonly AwsCall[]> {
  const calls: AwsCall[] = [];
  const server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const reply = await answer(call, calls.length);
    if (reply === "nothing") return;
    if (reply === "reset") return void request.socket.resetAndDestroy();
    response.writeHead(reply.status, { "content-type": reply.contentType, "x-amzn-requestid": "id" });
    response.end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stubEnvironment({ [variable]: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return calls;
}

/** What Lambda sets for a function, and nothing of the machine that the tests run on. */
export function stubEnvironment(environment: Record<string, string>): void {
  const lambda = {
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "AKIDLOCAL",
    AWS_SECRET_ACCESS_KEY: "secret/key+local",
    AWS_SESSION_TOKEN: "session+token/==",
    AWS_CONFIG_FILE: "/nonexistent",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  for (const [name, value] of Object.entries({ ...lambda, ...environment })) vi.stubEnv(name, value);
}

/** What it rejects with; it must name the setting. */
export async function failure(promise: Promise<unknown>, setting: string): Promise<Error> {
  const error = await promise.then(
    () => expect.fail("it did not reject"),
    (reason) => reason,
  );
  expect(error.message.startsWith(`${setting}: `), error.message).toBe(true);
  return error;
}

async function readCall(request: IncomingMessage): Promise<AwsCall> {
  const body = await text(request);
  const { "x-amz-target": target, "content-type": contentType = "", authorization = "" } = request.headers;
  const scope = /Credential=[^/]+\/\d{8}\/([^/]+\/[^/]+)\/aws4_request/.exec(authorization)?.[1] ?? "";
  // JSON 1.1 names the operation in a header, the Query protocol in the form.
  const input = target ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
  const action = target ? String(target).replace(/^\w+\./, "") : input.Action;
  return { action, input, contentType, scope };
}
