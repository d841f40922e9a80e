import { createServer, connect as dial, type Socket } from "node:net";

/** A server at the same port of another address, so that a name can lead there instead. */
export interface AnotherAddress {
  readonly address: string;
  /** The connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

export async function serveAtAnotherAddress(port: number, redisUrl: string): Promise<AnotherAddress> {
  const target = new URL(redisUrl);
  const address = "127.0.0.2";
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const redis = dial(Number(target.port), target.hostname);
    clients.add(client);
    client.setNoDelay(true).on("close", () => clients.delete(client) && redis.destroy());
    redis.setNoDelay(true).on("close", () => client.destroy());
    for (const socket of [client, redis]) socket.on("error", () => {});
    client.pipe(redis).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return {
    address,
    open: () => clients.size,
    async close() {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
