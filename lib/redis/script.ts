/** A Lua script as ioredis takes it. */
export interface Script {
  readonly lua: string;
  /** Left out where it differs from call to call: it is then the first argument of the command. */
  readonly numberOfKeys?: number;
  /** It writes nothing, so a replica may run it. */
  readonly readOnly?: boolean;
  /** It reads; what it writes is no more than the last use of something, and may be lost. */
  readonly keepsHouse?: boolean;
}
