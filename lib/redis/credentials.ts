/** What a connection says of itself in AUTH or HELLO. */
export interface Credentials {
  /** @default the server's default user */
  readonly username?: string | undefined;
  readonly password: string;
}

/** Where the credentials come from when they change while the function runs. */
export interface CredentialsSource {
  /** Valid for a new connection; from memory while it is. */
  get(): Promise<Credentials>;
  /** After the server refused what `get` gave: fetches anew, at most once for all callers at the same time. */
  renew(): Promise<Credentials>;
}
