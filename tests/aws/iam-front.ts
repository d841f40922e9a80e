import { createHash, createHmac } from "node:crypto";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

const TWELVE_HOURS_MS = 12 * 3600 * 1000;

/** What a token must say, and the key that it must be signed with. */
export interface IamRules {
  readonly cacheName: string;
  readonly userId: string;
  readonly serverless: boolean;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A server that takes connections as ElastiCache with IAM does, in front of a real Redis that has a password. */
export interface IamFront {
  readonly port: number;
  /** May be changed: what is asked of the next AUTH. */
  rules: IamRules;
  /** Milliseconds since 1970; may be replaced. @default Date.now */
  clock: () => number;
  /** How often credentials were sent, in AUTH or in HELLO. */
  auths(): number;
  /** Why those that were refused were. */
  readonly refusals: readonly string[];
  /** The passwords that were sent. */
  readonly tokens: readonly string[];
  connections(): number;
  /** Ends every connection. */
  cut(): void;
  /** Ends every connection whose last AUTH was 12 hours ago by the clock. */
  endOverdue(): void;
  close(): Promise<void>;
}

/** @param tls the certificate, for a front that speaks TLS only */
export async function startIamFront(
  redisUrl: string,
  rules: IamRules,
  tls?: { readonly cert: string; readonly key: string },
): Promise<IamFront> {
  const { hostname, port, password } = new URL(redisUrl);
  const right = ["default", decodeURIComponent(password)];
  const authenticatedAt = new Map<Socket, number>();
  const refusals: string[] = [];
  const tokens: string[] = [];

  /** Redis itself then answers as it does to right and to wrong credentials, in the order of the commands. */
  function exchange(client: Socket, given: readonly string[]): readonly string[] {
    const [user, token] = given.length === 1 ? ["default", given[0]] : given;
    tokens.push(token ?? "");
    const refusal = user === front.rules.userId ? judge(token ?? "", front.rules, front.clock()) : "user";
    if (refusal) {
      refusals.push(refusal);
      return ["default", "wrong"];
    }
    authenticatedAt.set(client, front.clock());
    return right;
  }

  function rewrite(client: Socket, words: readonly string[]): readonly string[] | undefined {
    const name = words[0]?.toUpperCase();
    if (name === "AUTH") return ["AUTH", ...exchange(client, words.slice(1))];
    const at = name === "HELLO" ? words.findIndex((word) => word.toUpperCase() === "AUTH") : -1;
    if (at === -1) return undefined;
    const given = exchange(client, words.slice(at + 1, at + 3));
    return [...words.slice(0, at + 1), ...given, ...words.slice(at + 3)];
  }

  function serve(client: Socket): void {
    authenticatedAt.set(client, front.clock());
    const redis = dial(Number(port), hostname).setNoDelay(true);
    const read = createCommandReader((words, bytes) => {
      const rewritten = rewrite(client.setNoDelay(true), words);
      redis.write(rewritten ? encode(rewritten) : bytes);
    });
    client.on("data", read).on("error", () => {});
    client.on("close", () => authenticatedAt.delete(client) && redis.destroy());
    redis.on("error", () => {}).on("close", () => client.destroy());
    redis.pipe(client);
  }

  const server = tls ? createTlsServer(tls, serve) : createServer(serve);
  const front: IamFront = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    rules,
    clock: () => Date.now(),
    refusals,
    tokens,
    auths: () => tokens.length,
    connections: () => authenticatedAt.size,
    cut() {
      for (const client of authenticatedAt.keys()) client.destroy();
    },
    endOverdue() {
      for (const [client, since] of authenticatedAt)
        if (front.clock() - since >= TWELVE_HOURS_MS) client.destroy();
    },
    async close() {
      front.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return front;
}

/** What is wrong with a token; the signature is computed again, by the book and with nothing of the SDK. */
export function judge(token: string, rules: IamRules, nowMs: number): string | undefined {
  const [host = "", search = ""] = token.split("/?", 2);
  const query = new Map(
    search.split("&").map((pair) => pair.split("=", 2).map(decodeURIComponent) as [string, string]),
  );
  const issuedAt = query.get("X-Amz-Date") ?? "";
  const issuedAtMs = Date.parse(
    issuedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  const lifeSeconds = Number(query.get("X-Amz-Expires"));
  const scope = `${issuedAt.slice(0, 8)}/${rules.region}/elasticache/aws4_request`;
  const expected: Record<string, string | undefined> = {
    Action: "connect",
    User: rules.userId,
    ResourceType: rules.serverless ? "ServerlessCache" : undefined,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${rules.accessKeyId}/${scope}`,
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Security-Token": rules.sessionToken,
  };
  if (decodeURIComponent(host) !== rules.cacheName.toLowerCase()) return "host";
  for (const [name, value] of Object.entries(expected)) if (query.get(name) !== value) return name;
  const free = ["X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature"];
  for (const name of query.keys()) if (!free.includes(name) && !(name in expected)) return name;
  if (!(lifeSeconds > 0 && lifeSeconds <= 900)) return "X-Amz-Expires";
  if (!(nowMs >= issuedAtMs && nowMs < issuedAtMs + lifeSeconds * 1000)) return "expired";
  return query.get("X-Amz-Signature") === sign(host, query, issuedAt, scope, rules.secretAccessKey)
    ? undefined
    : "X-Amz-Signature";
}

function sign(
  host: string,
  query: Map<string, string>,
  issuedAt: string,
  scope: string,
  secretKey: string,
): string {
  const canonicalQuery = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode3986(name)}=${encode3986(value)}`)
    .sort()
    .join("&");
  const canonical = ["GET", "/", canonicalQuery, `host:${host}`, "", "host", sha256("")].join("\n");
  const text = ["AWS4-HMAC-SHA256", issuedAt, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretKey}`);
  return hmac(key, text).toString("hex");
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** All but the unreserved characters of RFC 3986, byte by byte. */
function encode3986(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/** Finds the commands in the bytes of one client, however they are cut into pieces. */
function createCommandReader(onCommand: (words: string[], bytes: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let command = readCommand(rest); command; command = readCommand(rest)) {
      onCommand(command.words, rest.subarray(0, command.length));
      rest = rest.subarray(command.length);
    }
  };
}

function readCommand(bytes: Buffer): { words: string[]; length: number } | undefined {
  const words: string[] = [];
  let at = 0;
  const readSize = (mark: string) => {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) return undefined;
    const line = bytes.toString("latin1", at, end);
    if (!line.startsWith(mark)) throw new Error(`A client sent ${JSON.stringify(line)} for a ${mark}.`);
    at = end + 2;
    return Number(line.slice(1));
  };
  const count = readSize("*");
  if (count === undefined) return undefined;
  while (words.length < count) {
    const size = readSize("$");
    if (size === undefined || bytes.length < at + size + 2) return undefined;
    words.push(bytes.toString("utf8", at, at + size));
    at += size + 2;
  }
  return { words, length: at };
}
