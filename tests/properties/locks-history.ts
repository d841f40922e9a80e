import { expect } from "vitest";

/** What one caller did. Times are milliseconds of the clock that the server has too: not before `start`, not after `end`. */
interface Happening {
  readonly start: number;
  readonly end: number;
  /** Who asked: the text of its token. */
  readonly claim: string;
}
export interface Attempt extends Happening {
  readonly do: "acquire";
  readonly names: readonly string[];
  readonly exclusive: boolean;
  /** It may have been looked at several times in the call. */
  readonly waited: boolean;
  readonly outcome: "granted" | "held" | "lost";
  /** By the server, of a grant. */
  readonly grantedAt: number;
  readonly expiresAt: number;
  readonly tokens: Readonly<Record<string, number>>;
}
export interface Extension extends Happening {
  readonly do: "extend";
  readonly name: string;
  /** Undefined if the lock was lost. */
  readonly expiresAt: number | undefined;
}
export interface Release extends Happening {
  readonly do: "release";
  readonly name: string;
  /** Undefined if nobody knows; it may be at any time from `start` on. */
  readonly given: boolean | undefined;
}
export type LockEvent = Attempt | Extension | Release;

export interface Promised {
  /** How many share each lock. */
  readonly permits: number;
  readonly heartbeatMs: number;
  /** Replies were lost, and with them perhaps whole grants: nobody can tell then why another was refused. */
  readonly lossy?: boolean;
}

/** One grant of one lock: held for certain from `from` to before `surely`, and perhaps until `perhaps`. */
interface Hold {
  readonly claim: string;
  readonly exclusive: boolean;
  readonly token: number;
  readonly from: number;
  readonly surely: number;
  readonly perhaps: number;
}

/** A place in a queue: taken for certain at `taken`, given up for certain at `left`, or with the grant. */
interface Place {
  readonly claim: string;
  readonly exclusive: boolean;
  readonly waited: boolean;
  readonly asked: number;
  readonly taken: number;
  readonly left: number;
  readonly grant: number;
  readonly lost: boolean;
}

/** Holds a history of concurrent calls to what locks promise. */
export function checkLockHistory(events: readonly LockEvent[], promised: Promised): void {
  const attempts = events.filter((event) => event.do === "acquire");
  const names = new Set(attempts.flatMap((attempt) => attempt.names));
  const lines = new Map([...names].map((name) => [name, lineOf(name, events, promised)]));
  for (const [name, { holds, places }] of lines) {
    checkTokens(name, holds, promised);
    checkNumbers(name, holds, promised);
    checkOrder(name, holds, places, promised);
  }
  for (const attempt of promised.lossy ? [] : attempts) {
    if (attempt.outcome === "held") checkRefusal(attempt, attempts, lines, promised);
    if (attempt.outcome === "lost") checkLoss(attempt, attempts, promised);
  }
  for (const event of events) if (event.do !== "acquire") checkHolder(event, events, lines);
}

interface Line {
  readonly holds: readonly Hold[];
  readonly places: readonly Place[];
}

function lineOf(name: string, events: readonly LockEvent[], { heartbeatMs }: Promised): Line {
  const attempts = events
    .filter((event) => event.do === "acquire")
    .filter((each) => each.names.includes(name));
  const released = (claim: string) =>
    events.find(
      (event) =>
        event.do === "release" && event.claim === claim && event.name === name && event.given !== false,
    );
  const holds = attempts.flatMap((attempt): Hold[] => {
    const { claim, exclusive, grantedAt: from, outcome } = attempt;
    if (outcome !== "granted") return [];
    const extended = events.flatMap((event) =>
      event.do === "extend" && event.claim === claim && event.name === name ? (event.expiresAt ?? []) : [],
    );
    const expires = Math.max(attempt.expiresAt, ...extended);
    const release = released(claim);
    const surely = Math.min(expires, release?.start ?? expires);
    const perhaps = Math.min(expires, release?.end ?? expires);
    return [{ claim, exclusive, token: attempt.tokens[name] ?? 0, from, surely, perhaps }];
  });
  const places = [...new Set(attempts.map(({ claim }) => claim))].map((claim): Place => {
    const own = attempts.filter((attempt) => attempt.claim === claim);
    const [first, last] = [own[0], own.at(-1)] as [Attempt, Attempt];
    const grant = own.find(({ outcome }) => outcome === "granted")?.grantedAt;
    return {
      claim,
      exclusive: first.exclusive,
      waited: own.some(({ waited }) => waited),
      asked: first.start,
      taken: first.end,
      left: Math.min(last.end + heartbeatMs, released(claim)?.end ?? Infinity, grant ?? Infinity),
      grant: grant ?? Infinity,
      lost: own.some(({ outcome }) => outcome === "lost"),
    };
  });
  return { holds, places };
}

/** They grow with each grant, by one, in the order of the server's time. */
function checkTokens(name: string, holds: readonly Hold[], { lossy = false }: Promised): void {
  const sorted = holds.toSorted((a, b) => a.token - b.token);
  for (const [index, { token, from }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (!before) continue;
    expect(token, `${name}: a token twice`).toBeGreaterThan(before.token);
    if (!lossy) expect(token, `${name}: a token left out`).toBe(before.token + 1);
    expect(from, `${name}: token ${token} was granted before the one before`).toBeGreaterThanOrEqual(
      before.from,
    );
  }
}

/** Never more than may hold it, and nobody beside who holds it alone. */
function checkNumbers(name: string, holds: readonly Hold[], { permits }: Promised): void {
  for (const hold of holds) {
    const beside = holds.filter(({ from, surely }) => from <= hold.from && hold.from < surely);
    const alone = beside.length === 1 || !beside.some(({ exclusive }) => exclusive);
    expect(beside.length, `${name}: too many at ${hold.from}`).toBeLessThanOrEqual(permits);
    expect(alone, `${name}: somebody beside who holds it alone at ${hold.from}`).toBe(true);
  }
}

/** Nobody is granted before one whose place was taken before, unless there was room for both. */
function checkOrder(
  name: string,
  holds: readonly Hold[],
  places: readonly Place[],
  { permits }: Promised,
): void {
  for (const second of places.filter(({ grant }) => grant < Infinity)) {
    const overtaken = places.filter(
      (first) =>
        first.taken < second.asked &&
        !first.waited &&
        !first.lost &&
        second.grant < Math.min(first.grant, first.left),
    );
    // The last of a ticket that is not seen again may have been its heartbeat: it is certain only for those that are.
    const certain = overtaken.filter(({ grant }) => grant < Infinity);
    const alone = [second, ...certain].some(({ exclusive }) => exclusive);
    const held = holds.filter(
      ({ claim, from, surely }) => claim !== second.claim && from < second.grant && second.grant < surely,
    );
    if (certain.length > 0)
      expect(alone, `${name}: ${second.claim} was granted before ${certain[0]?.claim}`).toBe(false);
    if (certain.length > 0)
      expect(held.length + certain.length, `${name}: no room for both`).toBeLessThan(permits);
  }
}

/** Somebody held it, or was before: enough of them to leave no room. */
function checkRefusal(
  { claim, names, exclusive, start, end }: Attempt,
  attempts: readonly Attempt[],
  lines: ReadonlyMap<string, Line>,
  { permits }: Promised,
): void {
  const queuedBy = attempts.find((attempt) => attempt.claim === claim)?.end ?? end;
  const reasons = names.map((name) => {
    const { holds = [], places = [] } = lines.get(name) ?? {};
    const holders = holds.filter((hold) => hold.claim !== claim && hold.from <= end && start <= hold.perhaps);
    const before = places.filter(
      (place) => place.claim !== claim && place.asked <= queuedBy && start <= place.left,
    );
    const all = [...holders, ...before];
    const taken = new Set(all.map((each) => each.claim)).size;
    return exclusive || all.some((each) => each.exclusive) ? taken > 0 : taken >= permits;
  });
  expect(reasons, `${claim} was refused for no reason`).toContain(true);
}

/** Its heartbeat was over, or what it was granted. */
function checkLoss(lost: Attempt, attempts: readonly Attempt[], { heartbeatMs }: Promised): void {
  const before = attempts.filter(({ claim, start }) => claim === lost.claim && start < lost.start).at(-1);
  if (before?.outcome !== "held" || before.waited || lost.waited) return;
  expect(lost.end - before.start, `${lost.claim} was dropped though it came back`).toBeGreaterThanOrEqual(
    heartbeatMs,
  );
}

/** Only who holds it extends it or gives it up, and who holds it does. */
function checkHolder(
  event: Extension | Release,
  events: readonly LockEvent[],
  lines: ReadonlyMap<string, Line>,
): void {
  const hold = lines.get(event.name)?.holds.find(({ claim }) => claim === event.claim);
  if (!hold || (event.do === "release" && event.given === undefined)) return;
  const earlier = events.filter(
    (other) =>
      other.do === "extend" &&
      other.claim === event.claim &&
      other.name === event.name &&
      other.end <= event.start,
  );
  const grant = events.find(
    (other) => other.do === "acquire" && other.claim === event.claim && other.outcome === "granted",
  );
  const ends = [grant, ...earlier].map((each) => (each?.do === "release" ? 0 : (each?.expiresAt ?? 0)));
  const expires = Math.max(...ends);
  const done = event.do === "extend" ? event.expiresAt !== undefined : event.given;
  if (done) expect(event.start, `${event.claim} came back from the dead`).toBeLessThan(expires);
  else if (hold.perhaps === hold.surely)
    expect(event.end, `${event.claim} lost its lock while it held it`).toBeGreaterThanOrEqual(expires);
}
