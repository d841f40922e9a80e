import fc from "fast-check";
import { expect, test } from "vitest";
import { etagOf, type Head, packBody, readEntry, retentionMs } from "../../lib/cache/entry.ts";

/** Short, long, random and repetitive bodies, around the size from which they are compressed. */
const body = fc
  .oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ minLength: 1000, maxLength: 4000 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat({ max: 3000 })).map(([unit, times]) => {
      return Uint8Array.from({ length: unit.length * times }, (_, index) => unit[index % unit.length] ?? 0);
    }),
  )
  .map((bytes) => Buffer.from(bytes));
/** What a header field can hold. */
const mediaType = fc.stringMatching(/^[\x20-\x7e]{0,40}$/);

const life = fc
  .record({
    freshMs: fc.nat({ max: 10 ** 9 }),
    staleMs: fc.nat({ max: 10 ** 9 }),
    errorMs: fc.nat({ max: 10 ** 9 }),
  })
  .filter((life) => retentionMs(life) > 0);

function store(body: Buffer, given: Pick<Head, "freshMs" | "staleMs" | "errorMs">) {
  const { stored, compressed } = packBody(body);
  const head: Head = { version: "v", etag: "e", contentType: "", size: body.length, compressed, ...given };
  return { head: Buffer.from(JSON.stringify(head)), stored };
}

test("a body is the same byte for byte after it was stored, compressed or not, and is never larger there", () => {
  const seen = { compressed: 0, plain: 0 };
  fc.assert(
    fc.property(body, (body) => {
      const { head, stored } = store(body, { freshMs: 1000 });
      expect(stored.length).toBeLessThanOrEqual(body.length);
      seen[stored.length < body.length ? "compressed" : "plain"]++;
      expect(readEntry(head, stored, 1000)?.body?.equals(body)).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
});

test("two tags are equal exactly for the same bytes of the same type and coding", () => {
  const content = fc.record({ body: fc.uint8Array({ maxLength: 8 }), type: mediaType, coding: mediaType });
  const tag = ({ body, type, coding }: { body: Uint8Array; type: string; coding: string }) =>
    etagOf(Buffer.from(body), type, coding);
  fc.assert(
    fc.property(content, content, fc.constantFrom("body", "type", "coding", "nothing"), (a, other, part) => {
      const b = part === "nothing" ? structuredClone(a) : { ...a, [part]: other[part] };
      const same =
        a.type === b.type && a.coding === b.coding && Buffer.from(a.body).equals(Buffer.from(b.body));
      expect(tag(a) === tag(b)).toBe(same);
    }),
    { numRuns: 1000 },
  );
});

test("bytes cannot pretend to be a type, nor a type a coding", () => {
  const tags = [
    etagOf(Buffer.from("b"), "a"),
    etagOf(Buffer.from(""), "ab"),
    etagOf(Buffer.from(""), "a", "b"),
    etagOf(Buffer.from("\nb"), "a"),
    etagOf(Buffer.from("b\n"), "a"),
  ];
  expect(new Set(tags).size).toBe(tags.length);
});

test("a tag is strong, of a fixed length, and can stand between quotes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), mediaType, (body, type) => {
      expect(etagOf(Buffer.from(body), type)).toMatch(/^[\w-]{27}$/);
    }),
  );
});

test("the windows follow from what is left: fresh, then stale, then expired, and never alive again", () => {
  fc.assert(
    fc.property(
      life,
      fc.array(fc.nat({ max: 2 * 10 ** 9 }), { minLength: 2, maxLength: 10 }),
      (life, ages) => {
        const order = ["fresh", "stale", "expired", undefined];
        const { head } = store(Buffer.alloc(0), life);
        const states = ages
          .toSorted((a, b) => a - b)
          .map((ageMs) => {
            const entry = readEntry(head, undefined, retentionMs(life) - ageMs);
            const { freshMs, staleMs } = life;
            const isFresh = ageMs < freshMs;
            if (entry) {
              expect(entry.state).toBe(isFresh ? "fresh" : ageMs < freshMs + staleMs ? "stale" : "expired");
              expect(entry.ageMs).toBe(ageMs);
              expect(entry.left.freshMs).toBe(freshMs - ageMs);
            }
            return order.indexOf(entry?.state);
          });
        expect(states).toEqual(states.toSorted((a, b) => a - b));
      },
    ),
  );
});
