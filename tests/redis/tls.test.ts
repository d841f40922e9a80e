import { once } from "node:events";
import { type AddressInfo, connect as dial } from "node:net";
import { createServer, getCACertificates, type Server, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createAuthority, selfSigned } from "../../dev/redis/certificate.ts";
import { type RunningRedis, startRedis } from "../../dev/redis/start-redis.ts";
import { composeCache, expectUnavailable } from "../composition.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

const PASSWORD = "p@ss";
const path = "/v1/cache/entries/a";
const { cert, key } = selfSigned();
const trusted = getCACertificates("default");

let redis: RunningRedis;
let front: Server;
let port: number;
let received = 0;

beforeAll(async () => {
  redis = await startRedis({ password: PASSWORD });
  front = createServer({ cert, key }, (client) => {
    const server = dial(redis.port, "127.0.0.1");
    client.on("data", () => received++).on("error", () => {});
    client
      .on("close", () => server.destroy())
      .pipe(server)
      .on("error", () => {})
      .pipe(client);
  });
  front.on("tlsClientError", () => {}).listen(0, "127.0.0.1");
  await once(front, "listening");
  port = (front.address() as AddressInfo).port;
});

afterEach(() => setDefaultCACertificates(trusted));

afterAll(async () => {
  front?.close();
  await redis?.stop();
});

const byUrl = () => composeCache(`rediss://:${encodeURIComponent(PASSWORD)}@localhost:${port}`);
const byVariables = () =>
  composeCache("", {
    environment: {
      REDIS_HOST: "localhost",
      REDIS_PORT: `${port}`,
      REDIS_PASSWORD: PASSWORD,
      REDIS_TLS: "true",
    },
  });

test.each([
  ["a rediss:// URL", byUrl],
  ["REDIS_TLS", byVariables],
])("%s speaks TLS to a server whose certificate is trusted", async (_, start) => {
  setDefaultCACertificates([...trusted, cert]);
  received = 0;
  const { api, connection } = start();
  expect((await api("PUT", path, { body: "over TLS" })).status).toBeLessThan(300);
  expect((await api("GET", path)).text).toBe("over TLS");
  expect(received).toBeGreaterThan(0);
  await connection.close();
});

test("a server with an unknown certificate is told nothing, and callers get 503", async () => {
  received = 0;
  const { api, connection, log } = byUrl();
  expectUnavailable(await api("GET", path));
  expect(received).toBe(0);
  expect(log.lines.find(({ fields }) => fields.event === "error")?.fields.reason).toMatch(
    /self.signed certificate/,
  );
  await connection.close();
});

test("a server that speaks no TLS is never sent the password in the clear", async () => {
  const proxy = await startTcpProxy(redis.url);
  const commands = proxy.record();
  const { api, connection } = composeCache(
    proxy.url.replace("redis:", "rediss:").replace("127.0.0.1", "localhost"),
  );
  expectUnavailable(await api("GET", path));
  expect(proxy.connections()).toBeGreaterThan(0);
  expect(commands).toEqual([]);
  await connection.close();
  await proxy.close();
});

describe("an authority of one's own (REDIS_TLS_CA)", () => {
  const authority = createAuthority();
  const asked: string[] = [];

  /** A front with a certificate for that name, which notes by what name it is asked for. */
  async function frontOf(name: string): Promise<number> {
    const server = createServer({ ...authority.issue(name) }, (client) => {
      asked.push(String(client.servername));
      const behind = dial(redis.port, "127.0.0.1");
      client.on("error", () => {}).on("close", () => behind.destroy());
      client
        .pipe(behind)
        .on("error", () => {})
        .pipe(client);
    });
    server.on("tlsClientError", () => {}).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  function sandboxAt(port: number, environment: Record<string, string>) {
    const url = `rediss://:${encodeURIComponent(PASSWORD)}@localhost:${port}`;
    const sandbox = composeCache(url, { environment: { REDIS_DEADLINE_MS: "500", ...environment } });
    onTestFinished(() => sandbox.connection.close());
    return sandbox.api;
  }

  test("is trusted, as it comes or on one line, and the server is told by what name it is asked", async () => {
    const port = await frontOf("localhost");
    for (const ca of [authority.cert, authority.cert.replaceAll("\n", "\\n")])
      expect((await sandboxAt(port, { REDIS_TLS_CA: ca })("GET", path)).status).not.toBe(503);
    expect(asked).toEqual(["localhost", "localhost"]);
  });

  test("vouches for no other name, and nobody else's authority vouches for it", async () => {
    const elsewhere = await frontOf("other.example");
    expectUnavailable(await sandboxAt(elsewhere, { REDIS_TLS_CA: authority.cert })("GET", path));
    const port = await frontOf("localhost");
    expectUnavailable(await sandboxAt(port, { REDIS_TLS_CA: createAuthority().cert })("GET", path));
  });

  test("is not asked for with REDIS_TLS_VERIFY=false, as for hosts that sign their own", async () => {
    const port = await frontOf("other.example");
    expectUnavailable(await sandboxAt(port, {})("GET", path));
    expect((await sandboxAt(port, { REDIS_TLS_VERIFY: "false" })("GET", path)).status).not.toBe(503);
  });
});
