import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

/** Invokes a function and gives what it answered. */
export type Invoke = (functionName: string, payload: object) => Promise<unknown>;

/**
 * Calls Lambda's Invoke API and waits for the answer. Rejects when the service refuses, or the function failed or ran
 * out of time.
 */
export function createInvoke(client = createClient()): Invoke {
  return async (functionName, payload) => {
    const response = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) }),
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
