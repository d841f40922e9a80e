/** Whose requests they are. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** @default never */
  readonly expiration?: Date | undefined;
}

/** Gives the keys, from memory while they are valid unless `forceRefresh` is set. */
export type KeysProvider = (options?: { readonly forceRefresh?: boolean }) => Promise<Keys>;

/** The keys as every AWS client finds them: in shared files, from a container or a sign-in. */
export function createKeysProvider(): KeysProvider {
  let chain: Promise<KeysProvider> | undefined;
  return async (options) => {
    chain ??= import("@aws-sdk/credential-providers").then(
      ({ fromNodeProviderChain }) => fromNodeProviderChain() as KeysProvider,
    );
    return (await chain)(options);
  };
}
