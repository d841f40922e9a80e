import { Redis } from "ioredis";

/** Often enough to see whatever lasts longer than a request. */
const SAMPLE_MS = 20;

/** The connections of others at a server, counted there. */
export interface ConnectionsWatch {
  readonly admin: Redis;
  /** How many there are now. */
  open(): Promise<number>;
  /** The most that were seen at once. */
  most(): number;
  /** How many were made since the watch began. */
  made(): Promise<number>;
  /** The same, and those that the server has refused. */
  attempts(): Promise<number>;
  stop(): void;
}

export async function watchConnections(url: string): Promise<ConnectionsWatch> {
  const admin = new Redis(url);
  const stat = async (name: string) =>
    Number(new RegExp(`${name}:(\\d+)`).exec(await admin.info("stats"))?.[1]);
  let most = 0;

  async function open(): Promise<number> {
    const clients = String(await admin.call("CLIENT", "LIST", "TYPE", "normal"))
      .trim()
      .split("\n");
    const count = clients.length - 1; // this one
    most = Math.max(most, count);
    return count;
  }

  const before = await stat("total_connections_received");
  const made = async () => (await stat("total_connections_received")) - before;
  const sampling = setInterval(() => void open().catch(() => {}), SAMPLE_MS);
  return {
    admin,
    open,
    most: () => most,
    made,
    attempts: async () => (await made()) + (await stat("rejected_connections")),
    stop() {
      clearInterval(sampling);
      admin.disconnect();
    },
  };
}
