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
