import { en } from "zod/locales";
import * as z from "zod/mini";

// The mini build says "Invalid input" to everything unless it is given a language. Compiling a schema costs a cold
// start more than the few parses of a sandbox's life win back.
z.config({ ...en(), jitless: true });

/** Why a text is refused. */
export interface Reason {
  readonly reason: string;
}

const descriptions = new WeakMap<object, string>();

/**
 * A schema for a text that `parse` understands, or gives the reason why not. One object instead of the five that
 * zod's own text, checks, pipe and transformation would be: they are made anew at every cold start.
 */
export function parsedText<T>(description: string, parse: (text: string) => T | Reason) {
  const schema = z.transform((value: unknown, context): Exclude<T, Reason> => {
    const parsed = typeof value === "string" ? parse(value) : { reason: "must be a text" };
    if (!isReason(parsed)) return parsed as Exclude<T, Reason>;
    context.issues.push({ code: "custom", message: parsed.reason, input: value });
    return z.NEVER;
  });
  descriptions.set(schema, description);
  return schema;
}

/** What a schema of `parsedText` expects, for documents; undefined for any other schema. */
export function descriptionOf(schema: object): string | undefined {
  return descriptions.get(schema);
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

function isReason(value: unknown): value is Reason {
  return typeof value === "object" && value !== null && "reason" in value;
}
