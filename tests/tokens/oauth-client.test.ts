import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freePort } from "../../dev/free-port.ts";
import { type OfflineServer, startOfflineServer } from "../../dev/offline-server.ts";
import { uniqueTenant } from "../api.ts";
import { mintToken } from "../token.ts";

const tenant = uniqueTenant();
let server: OfflineServer;
let client: oauth.Configuration;

/** The service as it runs on a laptop, and a client of the field that knows nothing of it but its endpoints. */
beforeAll(async () => {
  server = await startOfflineServer((await freePort(0)) as number, {
    REDIS_URL: inject("redisUrl"),
    AUTH_MODE: "token",
    AUTH_PUBLIC_KEY: inject("publicKey"),
  });
  client = await clientWith(await mintToken({ tenant }));
}, 90_000);

afterAll(() => server?.stop());

async function clientWith(bearer: string): Promise<oauth.Configuration> {
  const endpoint = (name: string) => `${server.url}/v1/tokens/${name}`;
  const metadata = {
    issuer: server.url,
    token_endpoint: endpoint("refresh"),
    introspection_endpoint: endpoint("introspect"),
    revocation_endpoint: endpoint("revoke"),
  };
  const authenticate: oauth.ClientAuth = (_, { client_id }, body, headers) => {
    body.set("client_id", client_id);
    headers.set("authorization", `Bearer ${bearer}`);
  };
  const configuration = new oauth.Configuration(metadata, "app", {}, authenticate);
  oauth.allowInsecureRequests(configuration);
  return configuration;
}

async function issue(): Promise<{ access_token: string; refresh_token: string }> {
  const response = await fetch(`${server.url}/v1/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${await mintToken({ tenant })}`, "content-type": "application/json" },
    body: JSON.stringify({ userId: "ann", clientId: "app", scope: "read write", device: "phone" }),
  });
  expect(response.status).toBe(200);
  return response.json() as Promise<{ access_token: string; refresh_token: string }>;
}

describe("a client that this project did not write", () => {
  test("refreshes, narrows the scope, introspects and revokes", async () => {
    const first = await issue();
    const second = await oauth.refreshTokenGrant(client, first.refresh_token);
    expect(second).toMatchObject({ token_type: "bearer", expires_in: 900, scope: "read write" });
    expect(second.refresh_token).not.toBe(first.refresh_token);

    const narrow = await oauth.refreshTokenGrant(client, second.refresh_token ?? "", { scope: "read" });
    const active = { active: true, sub: "ann", client_id: "app" };
    expect(await oauth.tokenIntrospection(client, narrow.access_token)).toMatchObject({
      ...active,
      scope: "read",
      token_type: "Bearer",
    });
    expect(await oauth.tokenIntrospection(client, narrow.refresh_token ?? "")).toMatchObject({
      ...active,
      scope: "read write",
    });
    expect(await oauth.tokenIntrospection(client, first.refresh_token)).toEqual({ active: false });

    await oauth.tokenRevocation(client, narrow.refresh_token ?? "");
    for (const token of [first.access_token, narrow.access_token, narrow.refresh_token ?? ""])
      expect(await oauth.tokenIntrospection(client, token)).toEqual({ active: false });
    await oauth.tokenRevocation(client, "a token that never was");
  });

  test("gets the same pair for requests at once, and all of them go on with it", async () => {
    const { refresh_token } = await issue();
    const pairs = await Promise.all(
      Array.from({ length: 10 }, () => oauth.refreshTokenGrant(client, refresh_token)),
    );
    expect(new Set(pairs.map((pair) => JSON.stringify(pair))).size).toBe(1);
    const { refresh_token: next = "" } = await oauth.refreshTokenGrant(client, pairs[0]?.refresh_token ?? "");
    expect(await oauth.tokenIntrospection(client, next)).toMatchObject({ active: true });
  });

  test("is told in its own words what is wrong", async () => {
    const { refresh_token } = await issue();
    await expect(oauth.refreshTokenGrant(client, "nonsense")).rejects.toMatchObject({
      error: "invalid_grant",
      status: 400,
    });
    await expect(oauth.refreshTokenGrant(client, refresh_token, { scope: "admin" })).rejects.toMatchObject({
      error: "invalid_scope",
    });
    const stranger = await clientWith("not.a.token");
    await expect(oauth.refreshTokenGrant(stranger, refresh_token)).rejects.toMatchObject({ status: 401 });
  });
});
