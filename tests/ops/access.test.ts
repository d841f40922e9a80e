import { afterAll, describe, expect, inject, test } from "vitest";
import { opsContract } from "../../lib/ops/contract.ts";
import { mintToken } from "../token.ts";
import { operate } from "./operator.ts";

const ops = operate(inject("redisUrl"));
afterAll(() => ops.connection.close());

const READ = [
  "topology",
  "engine",
  "memory",
  "collections",
  "slowlog",
  "clients",
  "snapshots",
  "snapshots/a-1",
];
const WRITE = ["snapshots", "failover-tests"];
const call = async (method: string, path: string, scope: string) => {
  const token = await mintToken({ tenant: "acme", scope });
  const { status } = await ops.api(method, `/v1/ops/${path}`, {
    token,
    ...(method === "POST" && { body: { nodeGroupId: "0001", confirm: "x" } }),
  });
  return status;
};

describe("what spans tenants", () => {
  test("is all of it", () => {
    const operations = Object.values(opsContract);
    expect(operations).toHaveLength(READ.length + WRITE.length);
    for (const { access, spansTenants } of operations)
      expect([access, spansTenants]).toEqual([expect.stringMatching(/^ops:/), true]);
  });

  test.each(READ)(
    "is shown to nobody whose scope is every one of a tenant, or of others: %s",
    async (path) => {
      for (const scope of ["*", "cache:* *", "ops:write", "cache:read"])
        expect(await call("GET", path, scope), scope).toBe(403);
    },
  );

  test.each(READ)("is shown to who was given the scope by name: %s", async (path) => {
    expect(await call("GET", path, "ops:read")).not.toBe(403);
    expect(await call("GET", path, "ops:*")).not.toBe(403);
  });

  test.each(WRITE)("is changed by nobody with less than the scope to write: %s", async (path) => {
    for (const scope of ["*", "ops:read", "sessions:*"])
      expect(await call("POST", path, scope), scope).toBe(403);
    expect(await call("POST", path, "ops:write")).not.toBe(403);
  });
});

describe("bad input is refused with its place:", () => {
  test.each([
    ["collections", { limit: "0" }, "query.limit"],
    ["collections", { limit: "101" }, "query.limit"],
    ["collections", { cursor: "forged" }, "query.cursor"],
    ["collections", { cursor: Buffer.from("aaaaaaaaax 0 0").toString("base64url") }, "query.cursor"],
    ["collections", { values: "true" }, "query"],
    ["slowlog", { limit: "129" }, "query.limit"],
    ["snapshots", { limit: "10" }, "query.limit"],
    ["memory", { keys: "all" }, "query"],
    ["snapshots/..%2Fx", undefined, "path.name"],
    ["snapshots/%24(reboot)", undefined, "path.name"],
  ])("GET %s %j", async (path, query, place) => {
    const { status, json } = await ops.get(path, query as Record<string, string> | undefined);
    expect({ status, path: json.errors[0].path }).toEqual({ status: 400, path: place });
  });

  test.each([
    ["snapshots", { label: "Upper" }, "body.label"],
    ["snapshots", { label: "a--b" }, "body.label"],
    ["snapshots", { label: "a b; reboot" }, "body.label"],
    ["snapshots", { label: "a".repeat(41) }, "body.label"],
    ["snapshots", { name: "x" }, "body"],
    ["failover-tests", {}, "body.nodeGroupId"],
    ["failover-tests", { nodeGroupId: "0001" }, "body.confirm"],
    ["failover-tests", { nodeGroupId: "all", confirm: "x" }, "body.nodeGroupId"],
  ])("POST %s %j", async (path, body, place) => {
    const { status, json } = await ops.post(path, body);
    expect({ status, path: json.errors[0].path }).toEqual({ status: 400, path: place });
  });
});
