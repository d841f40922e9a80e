import { ConfigError } from "../config.ts";

/** How an SDK client is made that a start waits for. */
export const PATIENCE = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 1000, throwOnRequestTimeout: true },
};

/** AWS gave no answer, or one that another time may differ. The message names the setting that made us ask. */
export class AwsUnavailable extends Error {
  override name = "AwsUnavailable";
}

export interface Question {
  /** The variable that the answer is needed for. */
  readonly setting: string;
  /** What the function's role must be allowed to do. */
  readonly actions: string;
  readonly timeoutMs: number;
}

/**
 * Gives what `call` gives. Rejects by the timeout at the latest: with `ConfigError` when AWS says that we may not ask,
 * with {@link AwsUnavailable} when it says nothing of use; a `ConfigError` of the call's own passes through.
 */
export async function ask<T>(
  { setting, actions, timeoutMs }: Question,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  try {
    return await Promise.race([call(signal), timeout]); // the SDK does not stop between tries to look at the signal
  } catch (error) {
    if (error instanceof ConfigError || error instanceof AwsUnavailable) throw error;
    const { name, message, status, code } = read(error);
    // The SDK calls a connection that was reset a timeout as well.
    if (signal.aborted || (name === "TimeoutError" && code !== "ECONNRESET" && code !== "EPIPE")) {
      const advice =
        "it is throttling, or out of reach: from a VPC it takes a NAT gateway or an interface endpoint";
      throw new AwsUnavailable(`${setting}: AWS gave no answer in time; ${advice}`, { cause: error });
    }
    if (status === 401 || status === 403 || name.startsWith("AccessDenied")) {
      throw new ConfigError(`${setting}: AWS refused (${name}); the function's role needs ${actions}`, {
        cause: error,
      });
    }
    const isGarbled = name === "SyntaxError"; // it quotes the answer, which may be a secret
    const reason = status || isGarbled ? name : message;
    throw new AwsUnavailable(
      `${setting}: AWS could not be asked (${reason})`,
      isGarbled ? {} : { cause: error },
    );
  }
}

/** Whether AWS answered with this error. */
export function isAwsError(error: unknown, name: string): boolean {
  return read(error).name === name;
}

/** For `catch`: this answer where AWS says by this error that there is nothing. */
export function noneIf<T>(name: string, none: T) {
  return (error: unknown): T => {
    if (isAwsError(error, name)) return none;
    throw error;
  };
}

/** What AWS always has in this answer. To the SDK an empty page, or somebody else's, is an answer as well. */
export function told<T>(setting: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new AwsUnavailable(`${setting}: AWS could not be asked (the answer has nothing in it)`);
}

function read(error: unknown) {
  const { name, message, code, $metadata } = error as Error & {
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return { name, message, code, status: $metadata?.httpStatusCode };
}
