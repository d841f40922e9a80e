import type { Config } from "../../lib/config.ts";
import type { Handlers, Request } from "../../lib/http/contract.ts";
import { checkPathId } from "../../lib/http/path-id.ts";
import { invalidRequest, Problem } from "../../lib/http/problem.ts";
import { timestamp } from "../../lib/http/timestamp.ts";
import type { locksContract } from "../../lib/locks/contract.ts";
import { formatName, type LockName } from "../../lib/locks/fields.ts";
import type { Locks } from "../../lib/locks/locks.ts";
import type { Acquired, Held } from "../../lib/locks/outcomes.ts";

type Contract = typeof locksContract;
type Wish = Request<Contract["acquireLock"]>;

const NO_STORE = { "cache-control": "no-store" };

/** Turns requests into calls of the locks, and what they answer into statuses and headers. */
export function createRoutes(locks: Locks, { locks: settings, http }: Config): Handlers<Contract> {
  /** Throws 409 unless all are granted. */
  async function acquire(
    { tenant, headers, body }: Pick<Wish, "tenant" | "headers" | "body">,
    names: readonly LockName[],
  ) {
    const { ttlSeconds, waitSeconds = 0, permits, owner, ticket, mode } = body;
    checkMode(body);
    const key = headers["idempotency-key"];
    const found = await locks.acquire(tenant, {
      names,
      exclusive: mode ? mode === "exclusive" : permits === undefined,
      permits,
      ttlMs: lifetime(ttlSeconds),
      waitMs: waitSeconds * 1000,
      owner,
      ticket,
      call: key === undefined || ticket ? undefined : { key, request: [names, body] },
    });
    if (found.state === "granted") return found;
    throw refusal(found);
  }

  function lifetime(seconds: number): number {
    if (seconds * 1000 <= settings.maxTtlMs) return seconds * 1000;
    const message = `must be at most ${settings.maxTtlMs / 1000}`;
    throw invalidRequest([{ path: "body.ttlSeconds", message }]);
  }

  function refusal(found: Exclude<Acquired, { state: "granted" }>): Problem {
    switch (found.state) {
      case "held":
        return held(found);
      case "lost":
        return new Problem(
          409,
          "ticket_lost",
          "The ticket has no place here, or what it was granted has ended.",
        );
      case "mismatch":
        return new Problem(
          409,
          "permits_mismatch",
          "Others share the lock, or wait to, with another number of permits.",
        );
      case "full":
        return new Problem(409, "queue_full", `${settings.maxQueue} wait for this lock already.`, {
          headers: { "retry-after": "1" },
        });
      case "reused":
        return new Problem(422, "idempotency_key_reused", "The idempotency key was used for another call.");
    }
  }

  /** Whoever comes back by then keeps the place. */
  function held({ ticket, position, name, owner, endsInMs }: Held): Problem {
    const seconds = Math.min(Math.ceil(endsInMs / 1000), Math.floor(settings.heartbeatMs / 2000));
    return new Problem(
      409,
      "lock_held",
      "Others have the lock, or their turn comes before. The ticket keeps the place.",
      {
        headers: { "retry-after": String(Math.max(1, seconds)) },
        members: { ticket, position, name, ...(owner !== undefined && { owner }) },
      },
    );
  }

  return {
    async acquireLocks(request) {
      const { names } = request.body;
      checkNames(names, http);
      const { token, grants } = await acquire(request, names);
      const granted = grants.map(({ expiresAt, ...grant }) => ({
        ...grant,
        expiresAt: timestamp(expiresAt),
      }));
      return { status: 201, headers: NO_STORE, body: { token, locks: granted } };
    },

    async acquireLock(request) {
      const { token, grants } = await acquire(request, [request.params.name]);
      const [{ fencingToken, expiresAt }] = grants;
      const body = { token, fencingToken, expiresAt: timestamp(expiresAt) };
      return { status: 201, headers: NO_STORE, body };
    },

    async extendLock({ tenant, params: { name }, headers, body }) {
      const found = await locks.extend(tenant, name, headers["lock-token"], lifetime(body.ttlSeconds));
      if (found.state === "lost") throw lost();
      if (found.state === "exhausted")
        throw new Problem(409, "extensions_exhausted", "This grant was extended as often as it may be.");
      const { fencingToken, expiresAt } = found;
      return { status: 200, headers: NO_STORE, body: { fencingToken, expiresAt: timestamp(expiresAt) } };
    },

    async releaseLock({ tenant, params: { name }, headers }) {
      if (!(await locks.release(tenant, name, headers["lock-token"]))) throw lost();
      return { status: 204, headers: NO_STORE };
    },

    async getLock({ tenant, params: { name } }) {
      const { holders, ...found } = await locks.look(tenant, name);
      const shown = holders.map(({ expiresAt, ...holder }) => ({
        ...holder,
        expiresAt: timestamp(expiresAt),
      }));
      return { status: 200, headers: NO_STORE, body: { name: formatName(name), ...found, holders: shown } };
    },
  };
}

function checkMode({ ticket, mode, permits }: Wish["body"]): void {
  if (ticket && mode && ticket.exclusive !== (mode === "exclusive"))
    throw invalidRequest([{ path: "body.ticket", message: "is of the other mode" }]);
  if (permits !== undefined && (mode === "exclusive" || ticket?.exclusive))
    throw invalidRequest([{ path: "body.permits", message: "are for those who share" }]);
}

function checkNames(names: readonly LockName[], http: Config["http"]): void {
  const texts = names.map(formatName);
  for (const [index, text] of texts.entries()) {
    const path = `body.names.${index}`;
    checkPathId(path, text, http);
    if (texts.indexOf(text) < index) throw invalidRequest([{ path, message: "must not be repeated" }]);
    if (names[index]?.group !== names[0]?.group)
      throw invalidRequest([{ path, message: "must have the group of the first, before its slash" }]);
  }
}

function lost(): Problem {
  return new Problem(409, "lock_lost", "The token holds nothing here, or no more.");
}
