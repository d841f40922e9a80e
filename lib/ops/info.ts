import { NOT_AVAILABLE, type Told } from "./availability.ts";

/** The fields of INFO, whatever its sections. */
export type Info = Readonly<Record<string, string>>;

export function parseInfo(text: string): Info {
  const fields = text
    .split(/\r?\n/)
    .filter((line) => line.includes(":") && !line.startsWith("#"))
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  return Object.fromEntries(fields);
}

/** Some fields as numbers under names of ours; those that the server leaves out are left out. */
export function numbers<const K extends string>(
  info: Info,
  names: Readonly<Record<K, string>>,
): Told<Partial<Record<K, number>>> {
  const found = Object.entries<string>(names).flatMap(([ours, theirs]) => {
    const number = Number.parseFloat(info[theirs] ?? "");
    return Number.isFinite(number) ? [[ours, number] as const] : [];
  });
  return found.length > 0 ? (Object.fromEntries(found) as Partial<Record<K, number>>) : NOT_AVAILABLE;
}

/** `k=v,k=v`, as INFO writes a database or a replica. */
export function parsePairs(text: string): Info {
  return Object.fromEntries(text.split(",").map((pair) => pair.split("=", 2)));
}
