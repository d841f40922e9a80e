import { expect, test } from "vitest";
import { type Attempt, checkLockHistory, type LockEvent } from "./locks-history.ts";

const PROMISED = { permits: 1, heartbeatMs: 50 };

/** Somebody asks for the lock `a` at a moment, and holds it from the next on, if it is granted. */
function attempt(claim: string, start: number, more: Partial<Attempt> = {}): Attempt {
  return {
    do: "acquire",
    claim,
    names: ["a"],
    exclusive: true,
    waited: false,
    start,
    end: start + 1,
    outcome: "granted",
    grantedAt: start,
    expiresAt: start + 100,
    tokens: { a: start },
    ...more,
  };
}
const held = (claim: string, start: number, more: Partial<Attempt> = {}) =>
  attempt(claim, start, { outcome: "held", tokens: {}, ...more });
const release = (claim: string, start: number, given = true): LockEvent => ({
  do: "release",
  claim,
  name: "a",
  start,
  end: start + 1,
  given,
});
const token = (a: number) => ({ tokens: { a } });

test("histories in which all is well pass", () => {
  const histories: LockEvent[][] = [
    [attempt("x", 1), release("x", 5), attempt("y", 6, token(2))],
    [attempt("x", 1), attempt("y", 101, token(2)), release("x", 102, false)],
    [attempt("x", 1), held("y", 3), held("z", 5), release("x", 7), attempt("y", 10, token(2)), held("z", 12)],
    [attempt("x", 1), held("y", 3), release("x", 7), held("z", 52), attempt("z", 54, token(2))],
    [attempt("x", 1), held("y", 3), attempt("y", 60, { outcome: "lost" })],
  ];
  for (const history of histories) expect(() => checkLockHistory(history, PROMISED)).not.toThrow();
});

/** The checker itself must see what is wrong. */
test.each<[string, LockEvent[]]>([
  ["too many at 50", [attempt("x", 1), attempt("y", 50, token(2))]],
  [
    "too many at 90",
    [
      attempt("x", 1, { expiresAt: 20 }),
      { do: "extend", claim: "x", name: "a", start: 10, end: 11, expiresAt: 120 },
      attempt("y", 90, token(2)),
    ],
  ],
  ["a token twice", [attempt("x", 1), attempt("y", 200, token(1))]],
  ["a token left out", [attempt("x", 1), attempt("y", 200, token(3))]],
  ["granted before the one before", [attempt("x", 200, token(1)), attempt("y", 1, token(2))]],
  [
    "z was granted before y",
    [
      attempt("x", 1),
      held("y", 3),
      held("z", 5),
      release("x", 7),
      attempt("z", 9, token(2)),
      held("y", 11),
      release("z", 12),
      attempt("y", 14, token(3)),
    ],
  ],
  ["y was refused for no reason", [attempt("x", 1), release("x", 5), held("y", 10)]],
  ["z was refused for no reason", [attempt("x", 1), held("y", 3), release("x", 7), held("z", 60)]],
  ["dropped though it came back", [attempt("x", 1), held("y", 3), attempt("y", 20, { outcome: "lost" })]],
  ["came back from the dead", [attempt("x", 1), release("x", 101)]],
  [
    "came back from the dead",
    [attempt("x", 1), { do: "extend", claim: "x", name: "a", start: 102, end: 103, expiresAt: 200 }],
  ],
  [
    "lost its lock while it held it",
    [attempt("x", 1), { do: "extend", claim: "x", name: "a", start: 50, end: 51, expiresAt: undefined }],
  ],
])("a history in which something is wrong is told apart: %s", (reason, events) => {
  expect(() => checkLockHistory(events, PROMISED)).toThrow(reason);
});

test("among those who share, only one who was before a writer may not be overtaken by it, nor overtake it", () => {
  const shared = { exclusive: false };
  const two = { permits: 2, heartbeatMs: 50 };
  const events = [attempt("x", 1, shared), held("w", 3), held("r", 5, shared)];
  const wrong = [
    ...events,
    attempt("r", 7, { ...shared, ...token(2) }),
    held("w", 9),
    release("r", 10),
    release("x", 11),
    attempt("w", 13, token(3)),
  ];
  expect(() => checkLockHistory(wrong, two)).toThrow("r was granted before w");
  expect(() => checkLockHistory([...events, attempt("w", 7, token(2))], two)).toThrow(
    "beside who holds it alone",
  );
});
