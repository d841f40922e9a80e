import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** What the proxy does with the bytes; changed while it runs. */
export interface Faults {
  /** Bytes from the server are thrown away: the command ran, the reply never arrives. */
  swallowReplies: boolean;
  /** New connections are accepted and then ignored. */
  ignoreNew: boolean;
  /** How long bytes from the server are held back, in milliseconds. */
  delayMs: number;
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
  close(): Promise<void>;
}

export async function startTcpProxy(redisUrl: string): Promise<TcpProxy> {
  const target = new URL(redisUrl);
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const faults: Faults = { swallowReplies: false, ignoreNew: false, delayMs: 0 };
  const recordings: string[][] = [];
  let generation = 0;
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
    const born = generation;
    const isDead = () => born !== generation;
    const redis = dial(Number(target.port), target.hostname).setNoDelay(true);
    sockets.add(redis);
    redis.on("error", () => client.destroy()).on("close", () => sockets.delete(redis));
    redis.on("close", () => isDead() || client.destroy());
    client.on("close", () => redis.destroy());
    const read = createCommandReader((name) => recordings.forEach((recording) => void recording.push(name)));
    let asking = false;
    client.on("data", (bytes) => {
      if (isDead()) return;
      if (recordings.length > 0) read(bytes);
      asking = true;
      redis.write(bytes);
    });
    redis.on("data", (bytes) => {
      if (isDead()) return;
      if (asking) {
        turns++;
        if (repliesToLoss > 0 && --repliesToLoss === 0) {
          client.resetAndDestroy();
          return;
        }
      }
      asking = false;
      if (faults.swallowReplies) return;
      if (faults.delayMs === 0) client.write(bytes);
      else setTimeout(() => client.destroyed || client.write(bytes), faults.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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
      generation++;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Finds the commands (RESP arrays of bulk strings) in the bytes of one client, however they are cut into pieces. */
function createCommandReader(onCommand: (name: string) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let words = readWords(rest); words; words = readWords(rest)) {
      onCommand(words.first.toLowerCase());
      rest = rest.subarray(words.length);
    }
  };
}

function readWords(bytes: Buffer): { first: string; length: number } | undefined {
  const header = /^\*(\d+)\r\n/.exec(bytes.subarray(0, 32).toString("latin1"));
  if (!header) return undefined;
  let at = header[0].length;
  let first = "";
  for (let left = Number(header[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(bytes.subarray(at, at + 32).toString("latin1"));
    if (!size) return undefined;
    const start = at + size[0].length;
    const end = start + Number(size[1]);
    if (bytes.length < end + 2) return undefined;
    first ||= bytes.subarray(start, end).toString("latin1");
    at = end + 2;
  }
  return { first, length: at };
}
