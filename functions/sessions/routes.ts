import type { Config } from "../../lib/config.ts";
import type { Handlers } from "../../lib/http/contract.ts";
import { once } from "../../lib/http/once.ts";
import { createPages } from "../../lib/http/pages.ts";
import { checkPathId } from "../../lib/http/path-id.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { timestamp } from "../../lib/http/timestamp.ts";
import type { Idempotency } from "../../lib/idempotency/idempotency.ts";
import { homeOf } from "../../lib/opaque-token.ts";
import type { sessionsContract } from "../../lib/sessions/contract.ts";
import type { Found, Session } from "../../lib/sessions/session.ts";
import { createSessions, type Sessions } from "../../lib/sessions/sessions.ts";

const NO_STORE = { "cache-control": "no-store" };
const STATES = {
  unknown: "There is no such session.",
  expired: "The session has expired.",
  revoked: "The session was ended.",
};

/** Turns requests into calls of the sessions, and what they answer into statuses and headers. */
export function createRoutes(
  sessions: Sessions,
  config: Config,
  idempotency: Idempotency,
): Handlers<typeof sessionsContract> {
  return {
    async createSession({ tenant, headers: { "idempotency-key": key }, body }) {
      const { userId, device, data = "{}", idleSeconds, absoluteSeconds } = body;
      checkPathId("body.userId", userId, config.http);
      const limits = lifetimes(config.sessions, idleSeconds, absoluteSeconds);
      const request = ["create", body];
      const { session, token, evicted } = await once(
        idempotency,
        { tenant, key, request },
        (shared, randomness) =>
          createSessions(shared, config.sessions).create(
            tenant,
            { userId, device, ...limits, packedData: data },
            randomness,
          ),
      );
      const headers = { ...headersOf(session), location: `/v1/sessions/${session.id}` };
      return { status: 201, headers, body: { session: describe(session), token, evicted: [...evicted] } };
    },

    async verifySession({ tenant, body: { token } }) {
      return one(live(await sessions.verify(tenant, token), 401));
    },

    async getSession({ tenant, params: { id } }) {
      return one(live(await sessions.get(tenant, id), 404));
    },

    async patchSession({ tenant, params: { id }, headers, body }) {
      const tags = headers["if-match"];
      const versions = tags?.includes("*") ? undefined : tags?.filter((tag) => /^\d+$/.test(tag));
      const patched = await sessions.patch(tenant, id, { packedData: body, versions });
      if (patched.state === "precondition_failed")
        throw new Problem(412, "precondition_failed", "The data of the session have another version.");
      if (patched.state === "too_large")
        throw new Problem(
          413,
          "data_too_large",
          "The data of the session would be more than 32 KiB, or 512 members.",
        );
      return one(live(patched, 404));
    },

    async rotateSession({ tenant, params: { id }, headers: { "idempotency-key": key } }) {
      const call = { tenant, key, request: ["rotate", id] };
      const { found, token } = await once(idempotency, call, (shared, randomness) =>
        createSessions(shared, config.sessions).rotate(tenant, id, randomness),
      );
      const session = live(found, 404);
      return { status: 200, headers: headersOf(session), body: { session: describe(session), token } };
    },

    async deleteSession({ tenant, params: { id } }) {
      await sessions.end(tenant, id);
      return { status: 204, headers: NO_STORE };
    },

    async listSessions({ tenant, params: { userId }, query: { limit, cursor } }) {
      const pages = createPages(tenant, `/v1/sessions/users/${encodeURIComponent(userId)}`);
      const found = await sessions.list(tenant, userId, { limit, after: pages.after(cursor) });
      const next = pages.next(found.last, limit);
      return {
        status: 200,
        headers: { ...NO_STORE, ...next.headers },
        body: { sessions: found.sessions.map(describe), ...next.body },
      };
    },

    async deleteSessions({ tenant, params: { userId }, query: { except } }) {
      if (except && except.home !== homeOf(tenant, userId))
        throw invalidRequest([{ path: "query.except", message: "is not a session of this user" }]);
      await sessions.endAll(tenant, userId, except);
      return { status: 204, headers: NO_STORE };
    },
  };
}

/** What was asked for, or is set. Idle time that nobody asked for gives way to a shorter session. */
function lifetimes(
  settings: Config["sessions"],
  idleSeconds: number | undefined,
  absoluteSeconds: number | undefined,
) {
  const absoluteMs = absoluteSeconds === undefined ? settings.absoluteMs : absoluteSeconds * 1000;
  const idleMs = idleSeconds === undefined ? Math.min(settings.idleMs, absoluteMs) : idleSeconds * 1000;
  if (idleMs > absoluteMs) {
    const message = `must not be longer than the whole session: ${absoluteMs / 1000} seconds`;
    throw invalidRequest([{ path: "body.idleSeconds", message }]);
  }
  return { idleMs, absoluteMs };
}

function live(found: Found, status: 401 | 404): Session {
  if (found.state === "live") return found.session;
  const headers = status === 401 ? { "www-authenticate": "Session" } : {};
  throw new Problem(status, `session_${found.state}`, STATES[found.state], { headers });
}

function one(session: Session) {
  return {
    status: 200,
    headers: headersOf(session),
    body: { session: describe(session) },
  } as const;
}

function headersOf({ version }: Session): Record<string, string> {
  return { ...NO_STORE, etag: `"${version}"` };
}

function describe({ createdAt, lastSeenAt, expiresAt, absoluteExpiresAt, ...session }: Session) {
  return {
    ...session,
    createdAt: timestamp(createdAt),
    lastSeenAt: timestamp(lastSeenAt),
    expiresAt: timestamp(expiresAt),
    absoluteExpiresAt: timestamp(absoluteExpiresAt),
  };
}
