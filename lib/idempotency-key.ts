import type { Response } from "./http/contract.ts";
import { parsedText } from "./parsed-text.ts";

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a structured field's text. Many clients leave out
 * the quotes, and mean the same.
 */
export const IdempotencyKey = parsedText(
  'A text such as `"8e03978e"`, of 1 to 255 characters of ASCII.',
  (value) => {
    const [, quoted, bare] = /^\s*(?:"((?:[^"\\]|\\["\\])*)"|([^\s",;]+))\s*$/.exec(value) ?? [];
    const key = quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
    return /^[\x20-\x7e]{1,255}$/.test(key) ? key : { reason: 'must be a text such as "8e03978e"' };
  },
);

/** What an operation that takes a key may answer besides its own. */
export const onceResponses = {
  409: {
    description: "A call with this key is being run.",
    problems: ["idempotency_key_in_use"],
    headers: { "retry-after": "When to ask again, in seconds." },
  },
  422: { description: "The key was used for another call.", problems: ["idempotency_key_reused"] },
} as const satisfies Record<number, Response>;
