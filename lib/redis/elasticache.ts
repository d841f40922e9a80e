import { createIamCredentials } from "../aws/iam-token.ts";
import { createKeysProvider } from "../aws/keys.ts";
import { createSecretCredentials } from "../aws/secret.ts";
import { ConfigError } from "../config.ts";
import type { RedisSettings } from "../redis-settings.ts";
import type { CredentialsSource } from "./credentials.ts";

/** Completes the settings with where the cache of this id is. Rejects as `findCache`, which asks AWS, or with ConfigError. */
export async function locateCache(id: string, settings: RedisSettings): Promise<RedisSettings> {
  const { findCache } = await import("../aws/find-cache.ts");
  const { mode, host, port, tls, serverless } = await findCache({ id });
  if (settings.iam && !tls) throw new ConfigError("REDIS_IAM: needs TLS, which the cache has turned off");
  return { ...settings, mode, addresses: [{ host, port }], tls, serverless };
}

/** Where the credentials come from if they change: a secret, or IAM. */
export function credentialsSource(settings: RedisSettings): CredentialsSource | undefined {
  const { secretArn, iam, aws, elasticacheId: cacheName, username: userId, serverless } = settings;
  if (secretArn) return createSecretCredentials({ secretArn });
  if (!iam || !cacheName || !userId || !aws.region) return undefined;
  const { region, keys } = aws;
  const provider = keys ? async () => keys : createKeysProvider();
  return createIamCredentials({ cacheName, userId, serverless, region, keys: provider });
}
