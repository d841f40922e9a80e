import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { createCommandReader } from "./command-reader.ts";

/** What the proxy does with the bytes; changed while it runs. */
export interface Faults {
  /** Bytes from the server are thrown away: the command ran, the reply never arrives. */
  swallowReplies: boolean;
  /** New connections are accepted and then ignored. */
  ignoreNew: boolean;
  /** How long bytes from the server are held back, in milliseconds. */
  delayMs: number;
  /** Each byte is sent alone, in both directions. */
  byteByByte: boolean;
}

/** A TCP proxy in front of a Redis that makes real network faults and counts round trips. */
export interface TcpProxy {
  readonly url: string;
  readonly faults: Faults;
  /** How often the direction has turned from the client's bytes to the server's. */
  roundTrips(): number;
  connections(): number;
  /** The connections of clients that are open now. */
  open(): number;
  /** The names of the commands that clients send from now on, in lower case; the array grows. */
  record(): readonly string[];
  /** Throws away the nth reply from now and resets its connection: the command ran, and nobody learns of it. */
  loseReply(nth?: number): void;
  /** Resets every connection. */
  cut(): void;
  /** Lets nothing pass any more on the connections that exist, without a word to either side; new ones work. */
  blackHole(): void;
  /** The same of the replies alone: what is asked is done, and nobody learns of it. */
  swallowReplies(): void;
  /** Ends the server's side of the connections that exist, without a word to the client's; new ones work. */
  orphan(): void;
  /** From now on the system refuses whoever connects; what is connected stays. */
  refuse(): void;
  /** Ends `refuse`. */
  accept(): Promise<void>;
  /** Leads new connections to another server. */
  leadTo(redisUrl: string): void;
  close(): Promise<void>;
}

/** A connection of a client and ours to the server, and what passes between them. */
interface Line {
  readonly redis: Socket;
  toServer: boolean;
  toClient: boolean;
}

export async function startTcpProxy(redisUrl: string): Promise<TcpProxy> {
  let target = new URL(redisUrl);
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const lines = new Set<Line>();
  const faults: Faults = { swallowReplies: false, ignoreNew: false, delayMs: 0, byteByByte: false };
  const recordings: string[][] = [];
  let turns = 0;
  let total = 0;
  let repliesToLoss = 0;

  const server = createServer((client) => {
    total++;
    sockets.add(client.setNoDelay(true));
    clients.add(client);
    client.on("error", () => {}).on("close", () => sockets.delete(client) && clients.delete(client));
    if (faults.ignoreNew) {
      client.resume();
      return;
    }
    const redis = dial(Number(target.port), target.hostname).setNoDelay(true);
    const line: Line = { redis, toServer: true, toClient: true };
    const [ask, answer] = [createWriter(redis, faults), createWriter(client, faults)];
    sockets.add(redis);
    lines.add(line);
    redis.on("error", () => line.toClient && client.destroy());
    redis.on("close", () => sockets.delete(redis) && line.toClient && client.destroy());
    client.on("close", () => lines.delete(line) && redis.destroy());
    const read = createCommandReader((name) => recordings.forEach((recording) => void recording.push(name)));
    let asking = false;
    client.on("data", (bytes) => {
      if (!line.toServer) return;
      if (recordings.length > 0) read(bytes);
      asking = true;
      ask(bytes);
    });
    redis.on("data", (bytes) => {
      if (!line.toClient) return;
      if (asking) {
        turns++;
        if (repliesToLoss > 0 && --repliesToLoss === 0) {
          client.resetAndDestroy();
          return;
        }
      }
      asking = false;
      if (faults.swallowReplies) return;
      if (faults.delayMs === 0) answer(bytes);
      else setTimeout(answer, faults.delayMs, bytes);
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(redisUrl);
  url.port = String(port);

  return {
    url: url.href,
    faults,
    roundTrips: () => turns,
    connections: () => total,
    open: () => clients.size,
    record() {
      const recording: string[] = [];
      recordings.push(recording);
      return recording;
    },
    loseReply(nth = 1) {
      repliesToLoss = nth;
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    blackHole() {
      for (const line of lines) line.toServer = line.toClient = false;
    },
    swallowReplies() {
      for (const line of lines) line.toClient = false;
    },
    orphan() {
      for (const line of lines) {
        line.toServer = line.toClient = false;
        line.redis.destroy();
      }
    },
    refuse() {
      server.close();
    },
    accept: () => listen(port),
    leadTo(redisUrl) {
      target = new URL(redisUrl);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes to a socket, as long as there is one. */
function createWriter(socket: Socket, faults: Faults): (bytes: Buffer) => void {
  const waiting: Buffer[] = [];
  function drip(): void {
    const [bytes] = waiting;
    if (!bytes || socket.destroyed) return;
    socket.write(bytes.subarray(0, 1));
    if (bytes.length > 1) waiting[0] = bytes.subarray(1);
    else waiting.shift();
    setImmediate(drip); // else the system would send them together
  }
  return (bytes) => {
    if (socket.destroyed) return;
    if (!faults.byteByByte && waiting.length === 0) socket.write(bytes);
    else if (waiting.push(bytes) === 1) drip();
  };
}
