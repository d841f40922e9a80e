import { expect, test } from "vitest";
import { checkHistory, type Event } from "./history.ts";

test("a history in which all is well passes", () => {
  const lease: Event = { do: "grant", key: "a", start: 0, end: 1 };
  const events: Event[] = [
    lease,
    { do: "fill", key: "a", body: "x", groups: ["g"], stored: true, lease, start: 2, end: 3 },
    { do: "get", key: "a", body: "x", start: 4, end: 5 },
    { do: "invalidate", group: "g", start: 6, end: 9 },
    { do: "get", key: "a", body: "x", start: 7, end: 8 },
    { do: "get", key: "a", body: undefined, start: 10, end: 11 },
  ];
  expect(() => checkHistory(events)).not.toThrow();
});

/** The checker itself must see what is wrong. */
test.each<[string, Event[]]>([
  [
    "was served after its end",
    [
      { do: "put", key: "a", body: "x", groups: ["g"], stored: true, start: 0, end: 1 },
      { do: "invalidate", group: "g", start: 2, end: 3 },
      { do: "get", key: "a", body: "x", start: 4, end: 5 },
    ],
  ],
  [
    "was filled after its lease was over",
    [
      { do: "remove", key: "a", start: 2, end: 3 },
      {
        do: "fill",
        key: "a",
        body: "x",
        groups: [],
        stored: true,
        lease: { do: "grant", key: "a", start: 0, end: 1 },
        start: 4,
        end: 5,
      },
    ],
  ],
  [
    "lost its lease for no reason",
    [
      { do: "remove", key: "b", start: 2, end: 3 },
      {
        do: "fill",
        key: "a",
        body: "x",
        groups: [],
        stored: false,
        lease: { do: "grant", key: "a", start: 0, end: 1 },
        start: 4,
        end: 5,
      },
    ],
  ],
  [
    "two leases on a at once",
    [
      { do: "grant", key: "a", start: 0, end: 1 },
      { do: "grant", key: "a", start: 2, end: 3 },
    ],
  ],
  [
    "was served after it was replaced",
    [
      { do: "put", key: "a", body: "x", groups: [], stored: true, start: 0, end: 1 },
      { do: "fill", key: "a", body: "y", groups: [], stored: true, start: 2, end: 3 },
      { do: "get", key: "a", body: "x", start: 4, end: 5 },
    ],
  ],
  [
    "a was missed though it was there",
    [
      { do: "put", key: "a", body: "x", groups: [], stored: true, start: 0, end: 1 },
      { do: "get", key: "a", body: undefined, start: 4, end: 5 },
    ],
  ],
])("a history in which something %s is told apart", (reason, events) => {
  expect(() => checkHistory(events)).toThrow(reason);
});
