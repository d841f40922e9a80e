import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parseConfig } from "../../lib/config.ts";
import type { Connection } from "../../lib/redis/connection.ts";
import { tokenScripts } from "../../lib/tokens/scripts.ts";
import { createTokens, type Refreshed, type Tokens } from "../../lib/tokens/tokens.ts";
import { startCluster } from "../redis/one-node-cluster.ts";

let connection: Connection;
let tokens: Tokens;
beforeAll(async () => {
  connection = await startCluster(tokenScripts);
  tokens = createTokens(connection, parseConfig({ AUTH_PUBLIC_KEY: inject("publicKey") }).tokens);
});
afterAll(() => connection?.close());

const issue = (userId: string) => tokens.issue("t", { userId, clientId: "app", scope: "read" });
const pairOf = (refreshed: Refreshed) => {
  if (refreshed.state !== "issued") throw new Error(refreshed.state);
  return refreshed.issued;
};

test("every operation keeps the keys of one call in one slot, whoever the user is", async () => {
  for (const userId of ["ann", "{bob}", "ü/x", "c:d"]) {
    const [first, other, last] = [await issue(userId), await issue(userId), await issue(userId)];
    const second = pairOf(await tokens.refresh("t", first));
    expect(pairOf(await tokens.refresh("t", first))).toEqual(second);
    expect(await tokens.introspect("t", second.accessToken)).toMatchObject({ userId, kind: "access" });
    expect(await tokens.introspect("t", second.refreshToken)).toMatchObject({ userId, kind: "refresh" });
    await tokens.revoke("t", second.accessToken);
    expect(await tokens.introspect("t", second.accessToken)).toBeUndefined();

    pairOf(await tokens.refresh("t", second));
    expect(await tokens.refresh("t", first)).toMatchObject({ state: "reused", grant: { userId } });
    await tokens.revoke("t", other.refreshToken);
    const { grants } = await tokens.list("t", userId, { limit: 10 });
    expect(grants).toMatchObject([{ id: last.accessToken.split(".")[0], userId }]);
    await tokens.revokeAll("t", userId);
    expect(await tokens.introspect("t", last.accessToken)).toBeUndefined();
  }
});
