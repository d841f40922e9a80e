import { expect, test } from "vitest";
import { sessionsContract } from "../../lib/sessions/contract.ts";
import { tokensContract } from "../../lib/tokens/contract.ts";
import { createApi, uniqueTenant } from "../api.ts";
import { newSandbox } from "./stage.ts";

const loadSessions = () => import("../../functions/sessions/handler.ts");
const loadTokens = () => import("../../functions/tokens/handler.ts");
const DECODED = { RAW_PATH_DECODED: "true" };
const body = { userId: "ann?x", clientId: "app", scope: "read" };

test("a user whom a gateway would cut short in paths can have neither session nor grant behind one", async () => {
  const tenant = uniqueTenant();
  const sessions = createApi((await newSandbox(loadSessions, DECODED)).handler, sessionsContract, tenant);
  const refused = await sessions("POST", "/v1/sessions", { body: { userId: body.userId } });
  expect([refused.status, refused.json.errors[0].path]).toEqual([400, "body.userId"]);
  const tokens = createApi((await newSandbox(loadTokens, DECODED)).handler, tokensContract, tenant);
  expect((await tokens("POST", "/v1/tokens", { body })).status).toBe(400);
});

test.each([".", ".."])("a user whom every URL would lose can have none either: %s", async (userId) => {
  const sessions = createApi((await newSandbox(loadSessions)).handler, sessionsContract);
  expect((await sessions("POST", "/v1/sessions", { body: { userId } })).status).toBe(400);
  const tokens = createApi((await newSandbox(loadTokens)).handler, tokensContract);
  expect((await tokens("POST", "/v1/tokens", { body: { ...body, userId } })).status).toBe(400);
});

test("where paths come as they were sent, that user is like any other", async () => {
  const tenant = uniqueTenant();
  const sessions = createApi((await newSandbox(loadSessions)).handler, sessionsContract, tenant);
  for (const userId of ["ann", "ann?x"])
    expect((await sessions("POST", "/v1/sessions", { body: { userId } })).status).toBe(201);
  expect((await sessions("DELETE", "/v1/sessions/users/ann%3Fx")).status).toBe(204);
  expect((await sessions("GET", "/v1/sessions/users/ann")).json.sessions).toHaveLength(1);
  const tokens = createApi((await newSandbox(loadTokens)).handler, tokensContract, tenant);
  expect((await tokens("POST", "/v1/tokens", { body })).status).toBe(200);
});
