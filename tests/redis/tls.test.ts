import { once } from "node:events";
import { type AddressInfo, connect as dial } from "node:net";
import { createServer, getCACertificates, type Server, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { selfSigned } from "../../dev/redis/certificate.ts";
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
