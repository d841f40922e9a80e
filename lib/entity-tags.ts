import { parsedText } from "./parsed-text.ts";

const ETAG = /^\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*$/;

/** `If-Match` and its like (RFC 9110): the tags without their quotes, or the star alone. */
export const EntityTags = parsedText('`*`, or entity tags such as `"abc"`.', (value) => {
  if (value.trim() === "*") return ["*"];
  const tags = value
    .match(/(?:[^,"]|"[^"]*"?)+/g)
    ?.filter((part) => part.trim())
    .map((part) => ETAG.exec(part));
  if (!tags?.length || tags.some((tag) => !tag))
    return { reason: 'must be * or a list of quoted entity tags such as "abc"' };
  // A quoted star is a tag like any other, if not one of ours, and must not pass for the star.
  return tags.map((tag) => `${tag?.[1] ?? ""}${tag?.[2] === "*" ? '"*"' : (tag?.[2] ?? "")}`);
});
