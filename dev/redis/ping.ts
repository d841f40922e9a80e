import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";

const TIMEOUT_MS = 2000;

/**
 * Resolves when the Redis at `url` answers PING after AUTH; rejects with the reason, which never holds the password.
 * A `rediss://` one must have a certificate from `ca`, or from those that are trusted anyway.
 */
export async function ping(url: string, ca?: string): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(port || 6379) };
  const socket =
    protocol === "rediss:"
      ? connectTls({ ...address, servername: host, ...(ca && { ca }) })
      : connectPlain(address);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  let reply = "";
  socket.setEncoding("utf8");
  socket.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
  socket.on("close", () => reject(new Error("the connection was closed")));
  socket.on("data", (chunk) => {
    reply += chunk;
    const refusal = /^-(.*)\r\n/m.exec(reply);
    if (refusal) reject(new Error(refusal[1]));
    else if (reply.includes("+PONG\r\n")) resolve();
  });
  const user = username ? [decodeURIComponent(username)] : [];
  if (password) socket.write(command("AUTH", ...user, decodeURIComponent(password)));
  socket.write(command("PING"));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function command(...words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}
