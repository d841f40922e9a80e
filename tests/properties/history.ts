import { expect } from "vitest";

/** What one caller did, and when it began and had its answer; moments are whole numbers that only order. */
export interface Happening {
  readonly start: number;
  readonly end: number;
}
export interface Write extends Happening {
  readonly do: "put" | "fill";
  readonly key: string;
  readonly body: string;
  readonly groups: readonly string[];
  readonly stored: boolean;
  /** When the lease of a fill was given. */
  readonly lease?: Grant;
}
export interface Read extends Happening {
  readonly do: "get";
  readonly key: string;
  readonly body: string | undefined;
}
export interface Grant extends Happening {
  readonly do: "grant";
  readonly key: string;
}
export interface Removal extends Happening {
  readonly do: "remove";
  readonly key: string;
}
export interface Invalidation extends Happening {
  readonly do: "invalidate";
  readonly group: string;
}
export type Event = Write | Read | Grant | Removal | Invalidation;

const before = (a: Happening, b: Happening) => a.end < b.start;
const overlaps = (event: Happening, from: Happening, to: Happening) =>
  event.end > from.start && event.start < to.end;

/** Holds a history of concurrent calls to what the cache promises. Only order that was seen from outside counts. */
export function checkHistory(events: readonly Event[]): void {
  const writes = events.filter((event): event is Write => event.do === "put" || event.do === "fill");
  const reads = events.filter((event): event is Read => event.do === "get");
  const grants = events.filter((event): event is Grant => event.do === "grant");
  const removals = events.filter((event): event is Removal => event.do === "remove");
  const invalidations = events.filter((event): event is Invalidation => event.do === "invalidate");

  /** What makes a value old: it was known when the lease was given, or else when the put had ended. */
  const known = (write: Write) => write.lease ?? write;
  const endsOf = (write: Write): Happening[] => [
    ...removals.filter(({ key }) => key === write.key),
    ...invalidations.filter(({ group }) => write.groups.includes(group)),
    ...writes.filter(
      (other) => other !== write && other.key === write.key && other.stored && other.do === "put",
    ),
  ];

  for (const read of reads) {
    if (read.body === undefined) checkMiss(read);
    else checkHit(read, read.body);
  }
  for (const write of writes) if (write.lease) checkFill(write, write.lease);
  for (const [index, grant] of grants.entries()) {
    for (const other of grants.slice(index + 1)) if (other.key === grant.key) checkGrants(grant, other);
  }

  function checkHit(read: Read, body: string): void {
    const write = writes.find((candidate) => candidate.body === body);
    expect(write?.stored, `${body} was served and never stored`).toBe(true);
    if (!write) return;
    expect(write.key, `${body} is another key's`).toBe(read.key);
    expect(write.start, `${body} was served before it was put`).toBeLessThan(read.end);
    const end = endsOf(write).find((event) => before(known(write), event) && before(event, read));
    expect(end, `${body} was served after its end`).toBeUndefined();
    const next = writes.find(
      ({ key, stored, ...next }) => key === read.key && stored && before(write, next) && before(next, read),
    );
    expect(next, `${body} was served after it was replaced`).toBeUndefined();
  }

  /** A miss is right only if nothing was there for certain. */
  function checkMiss(read: Read): void {
    const stored = writes.filter((write) => write.key === read.key && write.stored);
    const mayBeGone = (write: Write) =>
      removals.some((removal) => removal.key === read.key && overlaps(removal, write, read)) ||
      invalidations.some((invalidation) => overlaps(invalidation, write, read));
    const there = stored
      .filter((write) => before(write, read) && !mayBeGone(write))
      // A put that began before an invalidation may end, and be over, after a later put.
      .find((write) => !stored.some((other) => overlaps(other, write, read) && mayBeGone(other)));
    expect(there, `${read.key} was missed though it was there`).toBeUndefined();
  }

  function checkFill(fill: Write, lease: Grant): void {
    const ends = endsOf(fill);
    if (fill.stored) {
      const end = ends.find((event) => before(lease, event) && before(event, fill));
      expect(end, `${fill.body} was filled after its lease was over`).toBeUndefined();
    } else {
      const fills = writes.filter((other) => other !== fill && other.key === fill.key && other.stored);
      const reason = [...ends, ...fills].find((event) => overlaps(event, lease, fill));
      expect(reason, `${fill.body} lost its lease for no reason`).toBeDefined();
    }
  }

  /** Two leases on one key are fine only if something ended the one before the other was given. */
  function checkGrants(a: Grant, b: Grant): void {
    const enders = [...removals, ...writes.filter(({ stored }) => stored)].filter(({ key }) => key === a.key);
    const [first, second] = a.start < b.start ? [a, b] : [b, a];
    expect(
      enders.find((event) => overlaps(event, first, second) || overlaps(event, second, first)),
      `two leases on ${a.key} at once`,
    ).toBeDefined();
  }
}
