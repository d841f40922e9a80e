import { ConfigError } from "../config.ts";
import type { Credentials, CredentialsSource } from "../redis/credentials.ts";
import { ask, isAwsError, PATIENCE } from "./ask.ts";
import { holdCredentials } from "./hold-credentials.ts";

const SETTING = "REDIS_SECRET_ARN";

export interface SecretOptions {
  readonly secretArn: string;
  /** How long Secrets Manager may take, all tries together. @default 3000 */
  readonly timeoutMs?: number;
}

/**
 * The user and the password that a secret of Secrets Manager holds: JSON with `password` and perhaps `username`, or the
 * bare password. Rejects with `ConfigError` when there is none, with `AwsUnavailable` when it could not be read.
 */
export function createSecretCredentials({ secretArn, timeoutMs = 3000 }: SecretOptions): CredentialsSource {
  // arn:aws:secretsmanager:<region>:...; the bare name of a secret is one of our own region.
  const region = secretArn.split(":")[3];
  const actions = "secretsmanager:GetSecretValue, and kms:Decrypt if the secret has a key of its own";
  return holdCredentials(async () => ({
    credentials: await ask({ setting: SETTING, actions, timeoutMs }, async (signal) => {
      const sdk = await import("@aws-sdk/client-secrets-manager");
      const client = new sdk.SecretsManagerClient({ ...PATIENCE, ...(region && { region }) });
      try {
        const command = new sdk.GetSecretValueCommand({ SecretId: secretArn });
        const { SecretString, SecretBinary } = await client.send(command, { abortSignal: signal });
        return parseSecret(SecretString ?? Buffer.from(SecretBinary ?? []).toString());
      } catch (error) {
        if (!isAwsError(error, "ResourceNotFoundException")) throw error;
        throw new ConfigError(`${SETTING}: there is no such secret, or it has no value`, { cause: error });
      } finally {
        client.destroy();
      }
    }),
  }));
}

/** No error has a cause here: what the parser says of a text shows a piece of it. */
function parseSecret(text: string): Credentials {
  if (!text.trimStart().startsWith("{")) {
    const password = text.replace(/[\r\n]+$/, ""); // what `echo` and editors leave behind
    if (!password) throw new ConfigError(`${SETTING}: the secret is empty`);
    return { password };
  }
  let fields: { username?: unknown; password?: unknown };
  try {
    fields = JSON.parse(text);
  } catch {
    throw new ConfigError(`${SETTING}: the secret begins like JSON but is none`);
  }
  const { username, password } = fields;
  if (typeof password !== "string" || !password)
    throw new ConfigError(`${SETTING}: the secret has no password; it must be JSON with a text "password"`);
  if (username !== undefined && typeof username !== "string")
    throw new ConfigError(`${SETTING}: the username in the secret must be a text`);
  return { password, ...(username && { username }) };
}
