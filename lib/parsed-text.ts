import { en } from "zod/locales";
import * as z from "zod/mini";

// The mini build says "Invalid input" to everything unless it is given a language. Compiling a schema costs a cold
// start more than the few parses of a sandbox's life win back.
z.config({ ...en(), jitless: true });

/** Why a text is refused. */
export interface Reason {
  readonly reason: string;
}

/** What a schema that parses by itself expects, as JSON Schema says it. */
interface Described {
  readonly type: "string" | "object";
  readonly description: string;
}

const descriptions = new WeakMap<object, Described>();

/**
 * A schema for a text that `parse` understands, or gives the reason why not. One object instead of the five that
 * zod's own text, checks, pipe and transformation would be: they are made anew at every cold start.
 */
export function parsedText<T>(description: string, parse: (text: string) => T | Reason) {
  return parsed({ type: "string", description }, (value) =>
    typeof value === "string" ? parse(value) : { reason: "must be a text" },
  );
}

/** As `parsedText`, for any value that JSON can carry. */
export function parsed<T>(described: Described, parse: (value: unknown) => T | Reason) {
  const schema = z.transform((value: unknown, context): Exclude<T, Reason> => {
    const outcome = parse(value);
    if (!isReason(outcome)) return outcome as Exclude<T, Reason>;
    context.issues.push({ code: "custom", message: outcome.reason, input: value });
    return z.NEVER;
  });
  schema._zod.optin = undefined; // zod documents whatever is transformed as optional
  descriptions.set(schema, described);
  return schema;
}

/** What a schema of this module expects, for documents; undefined for any other schema. */
export function describedAs(schema: object): Described | undefined {
  return descriptions.get(schema);
}

/** Up to so many bytes of anything but NUL. */
export function text(maxBytes: number) {
  return parsedText(`1 to ${maxBytes} bytes of UTF-8, anything but NUL.`, (value) => {
    if (value === "") return { reason: "must not be empty" };
    if (!value.isWellFormed()) return { reason: "must be well-formed Unicode" };
    if (value.includes("\0")) return { reason: "must not contain NUL" };
    return Buffer.byteLength(value) <= maxBytes
      ? value
      : { reason: `must be at most ${maxBytes} bytes of UTF-8` };
  });
}

/** A whole number written in decimal, bounds included. */
export function integer(min: number, max: number) {
  return parsedText(`A whole number from ${min} to ${max}.`, (text) => {
    const number = Number(text);
    const fits = /^\d{1,10}$/.test(text) && number >= min && number <= max;
    return fits ? number : { reason: `must be a whole number from ${min} to ${max}` };
  });
}

/** `true` or `false`. */
export function boolean() {
  return parsedText("true or false", (text) =>
    text === "true" || text === "false" ? text === "true" : { reason: "must be true or false" },
  );
}

/** One of these words. */
export function oneOf<const T extends string>(...words: readonly T[]) {
  const choice = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return parsedText(choice, (text) => {
    const found = words.find((word) => word === text);
    return found ?? { reason: `must be ${choice}` };
  });
}

/** What stands between the commas of a text, without the space around it. */
export function splitAtCommas(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

function isReason(value: unknown): value is Reason {
  return typeof value === "object" && value !== null && "reason" in value;
}
