import type { Redis } from "ioredis";
import { type Client, nodesOf, withEachNode } from "./client.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";
import { isRefusedLogin } from "./errors.ts";

/** ElastiCache ends a connection 12 hours after it signed in with IAM, unless it signs in again. */
const SIGN_IN_AGAIN_MS = 11 * 3_600_000;

/** Signs a client in with credentials that change while it lives. */
export interface Authentication {
  /** To be awaited before each use: what connects from then on has valid credentials. Rejects as the source does. */
  refresh(): Promise<void>;
  /** After the server refused them. Rejects as the source does. */
  renew(): Promise<void>;
}

/** Call it before the client connects. `tell` is called when no others can be had in place of those that were refused. */
export function authenticate(
  redis: Client,
  source: CredentialsSource,
  tell: (error: Error) => void,
): Authentication {
  let credentials: Credentials | undefined;
  let told: string | undefined;
  const signedInAt = new WeakMap<Redis, number>();

  async function renew(): Promise<void> {
    try {
      credentials = await source.renew();
      told = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) tell(error as Error);
      told = message;
      throw error;
    }
  }

  function onError(error: Error): void {
    if (isRefusedLogin(error)) renew().catch(() => {}); // the next refusal asks again
  }

  withEachNode(redis, (node) => {
    const { username } = node.options;
    // ioredis reads them whenever it connects.
    Object.defineProperties(node.options, {
      username: { enumerable: true, get: () => credentials?.username ?? username },
      password: { enumerable: true, get: () => credentials?.password },
    });
    node.on("ready", () => signedInAt.set(node, Date.now()));
    node.on("error", onError);
  });
  redis.on("error", onError);

  /** In front of the command that follows, on the same socket. */
  function signInAgain(node: Redis, since: number, { username, password }: Credentials): void {
    signedInAt.set(node, Date.now());
    const name = username ?? node.options.username ?? "default";
    node.auth(name, password).catch((error: Error) => {
      signedInAt.set(node, since); // the next use tries again
      onError(error);
    });
  }

  return {
    async refresh() {
      credentials = await source.get();
      for (const node of nodesOf(redis)) {
        const since = signedInAt.get(node);
        if (node.status === "ready" && since !== undefined && Date.now() - since > SIGN_IN_AGAIN_MS)
          signInAgain(node, since, credentials);
      }
    },
    renew,
  };
}
