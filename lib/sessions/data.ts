import { parseJson } from "../parse-json.ts";
import { parsed, type Reason } from "../parsed-text.ts";

const MAX_DEPTH = 16;
export const MAX_DATA_BYTES = 32_768;
/** Lua's table of texts has no seed: names that were chosen to collide cost the square of their number. */
export const MAX_MEMBERS = 512;
/** Names by which careless code reaches the prototype of every object. */
const FORBIDDEN = ["__proto__", "constructor", "prototype"];

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Data = Readonly<Record<string, Json>>;

/**
 * The data of a session, or a patch of it, as Redis keeps it. Output: objects as they are, and everything in them that
 * is no object as its JSON text. So a script can merge objects, and never has to understand a number or an array:
 * Lua knows 14 digits of the one, and takes the empty other for an object.
 */
export const PackedData = parsed(
  {
    type: "object",
    description: `At most ${MAX_DATA_BYTES} bytes, ${MAX_DEPTH} levels and ${MAX_MEMBERS} members of JSON; numbers as doubles; no member ${FORBIDDEN.join(", ")}.`,
  },
  (value): string | Reason => {
    if (!isObject(value)) return { reason: "must be an object" };
    const reason = fault(value, 1);
    if (reason) return { reason };
    if (countMembers(value) > MAX_MEMBERS)
      return { reason: `must not have more than ${MAX_MEMBERS} members` };
    if (Buffer.byteLength(JSON.stringify(value)) > MAX_DATA_BYTES)
      return { reason: `must be at most ${MAX_DATA_BYTES} bytes of JSON` };
    return JSON.stringify(pack(value as Data));
  },
);

/** What `PackedData` made of it, made undone. */
export function unpackData(packed: string): Data {
  return unpack(parseJson(packed) as Packed);
}

interface Packed {
  [name: string]: string | Packed;
}

function pack(data: Data): Packed {
  const packed: Packed = {};
  for (const [name, value] of Object.entries(data))
    packed[name] = isObject(value) ? pack(value as Data) : JSON.stringify(value);
  return packed;
}

function unpack(packed: Packed): Data {
  const data: Record<string, Json> = {};
  for (const [name, value] of Object.entries(packed))
    data[name] = typeof value === "string" ? (parseJson(value) as Json) : unpack(value);
  return data;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As the script counts them: those of objects in objects, not in arrays. */
function countMembers(value: unknown): number {
  if (!isObject(value)) return 0;
  return Object.values(value).reduce((sum, member) => sum + 1 + countMembers(member), 0);
}

function fault(value: unknown, depth: number): string | undefined {
  // JSON would write it as null, which in a patch means to remove.
  if (typeof value === "number" && !Number.isFinite(value)) return "must not have a number beyond 1.8e308";
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_DEPTH) return `must not be deeper than ${MAX_DEPTH} levels`;
  for (const [name, member] of Object.entries(value)) {
    if (FORBIDDEN.includes(name)) return `must not have a member ${name}`;
    if (!name.isWellFormed()) return "must have names of well-formed Unicode";
    const reason = fault(member, depth + 1);
    if (reason) return reason;
  }
  return undefined;
}
