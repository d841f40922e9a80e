import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

/** Invokes a function and gives what it answered. */
export type Invoke = (functionName: string, payload: object) => Promise<unknown>;

export interface InvokeOptions {
  /** The longest that a call may take, all tries together; longer than any function does. @default 35000 */
  readonly timeoutMs?: number;
}

/**
 * Calls Lambda's Invoke API and waits for the answer. Rejects when the service refuses or says nothing, or the function
 * failed or ran out of time.
 */
export function createInvoke({ timeoutMs = 35_000 }: InvokeOptions = {}): Invoke {
  const client = createClient();
  return async (functionName, payload) => {
    const response = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) }),
      { abortSignal: AbortSignal.timeout(timeoutMs) },
    );
    const answer = JSON.parse(response.Payload?.transformToString() || "null");
    if (response.FunctionError) throw new Error(`${functionName} failed: ${answer?.errorMessage}`);
    return answer;
  };
}

/** The client's own limit of 50 sockets would make calls that are meant to be simultaneous wait for each other. */
function createClient(): LambdaClient {
  const agent = { maxSockets: 1000 };
  return new LambdaClient({ requestHandler: { httpAgent: agent, httpsAgent: agent } });
}
