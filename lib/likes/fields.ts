import { parsedText, text } from "../parsed-text.ts";

/** Paths of their own. */
const TAKEN = ["users", "trending", "batch-get", ".", ".."];

export const Subject = parsedText(
  "1 to 128 letters, digits and characters of `-._~:@`, but not `.`, `..`, `users`, `trending` or `batch-get`. What is before the first colon is its kind.",
  (name) => {
    if (!/^[\w.~:@-]{1,128}$/.test(name))
      return { reason: "must be 1 to 128 letters, digits and characters of -._~:@" };
    return TAKEN.includes(name)
      ? { reason: `must not be ${TAKEN.join(", ")}, which are paths of their own` }
      : name;
  },
);

export const User = text(256);

export const Reaction = text(32);
