import { isRecord, type Template } from "./validator/template.ts";

const COLUMNS = 110;

type Parts = Readonly<Record<string, unknown>>;

/** What all the templates have alike, and what each has of its own, as texts for a person who reviews a change. */
export function goldenTexts(templates: Readonly<Record<string, Template>>) {
  const parts = Object.entries(templates).map(([name, template]) => [name, partsOf(template)] as const);
  const isShared = ([id, part]: [string, unknown]) =>
    parts.every(([, others]) => JSON.stringify(others[id]) === JSON.stringify(part));
  const pick = (all: Parts, isWanted: (part: [string, unknown]) => boolean) =>
    `${write(Object.fromEntries(Object.entries(all).filter(isWanted)), "")}\n`;
  const own = parts.map(([name, all]) => [name, pick(all, (part) => !isShared(part))] as const);
  return { shared: pick(parts[0]?.[1] ?? {}, isShared), own: Object.fromEntries(own) };
}

/** Every resource, output and so on: sorted, and without what each build makes anew. */
export function partsOf(template: Template): Parts {
  const text = JSON.stringify(template)
    .replaceAll(/LambdaVersion[A-Za-z0-9]{40,}/g, "LambdaVersion")
    .replaceAll(/"CodeSha256":"[^"]+"/g, '"CodeSha256":"<hash>"')
    .replaceAll(/\/\d{13}-\d{4}-\d\d-\d\dT[\d:.]+Z\//g, "/<time>/");
  const parts = Object.entries(JSON.parse(text)).flatMap(([section, content]) =>
    isRecord(content)
      ? Object.entries(content).map(([id, part]) => [`${section}.${id}`, part])
      : [[section, content]],
  );
  return sort(Object.fromEntries(parts)) as Parts;
}

function sort(value: unknown): unknown {
  if (typeof value === "string") return readable(value);
  if (Array.isArray(value)) return value.map(sort);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sort(inner)]));
}

/** What is written in a text: a dashboard, or the lines of a script. */
function readable(text: string): unknown {
  if (/^\{".*\}$/s.test(text)) return sort(JSON.parse(text));
  return text.includes("\n") ? text.split("\n") : text;
}

/** JSON with all on a line that has room there, so that a changed property is one changed line. */
function write(value: unknown, indent: string): string {
  const short = JSON.stringify(value);
  if (typeof value !== "object" || value === null || indent.length + short.length <= COLUMNS) return short;
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(([key, item]) => {
    const text = write(item, inner);
    return `${inner}${Array.isArray(value) ? "" : `${JSON.stringify(key)}: `}${text}`;
  });
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}
