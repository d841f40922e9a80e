import { parsedText, type Reason } from "../parsed-text.ts";

const MAX_KINDS = 100;
const MAX_REACTIONS = 20;
const MAX_CLAPS = 1_000_000;
const KIND = /^(\*|[\w.~@-]{1,64})$/;
const REACTION = /^[a-z][\w-]{0,31}$/i;
const EXAMPLE = '{"post": {"reactions": ["like", "love"]}, "view": {"approximate": true}}';

/** What subjects of a kind can be given, and how they are counted. */
export interface Kind {
  /** The first is what a like is that names none. */
  readonly reactions: readonly string[];
  /** A user may give several of them. */
  readonly several: boolean;
  /** How many claps a user may give; undefined where nobody claps. */
  readonly claps?: number | undefined;
  /** Only a count is kept, and that with an error. */
  readonly approximate: boolean;
  /** From so many members on they are counted so. */
  readonly promoteAt?: number | undefined;
}

/** By the text before the colon of a subject; `*` for all others. */
export type Kinds = Readonly<Record<string, Kind>>;

const PLAIN: Kind = { reactions: ["like"], several: false, approximate: false };

export function kindOf(kinds: Kinds, subject: string): Kind {
  const colon = subject.indexOf(":");
  const name = subject.slice(0, Math.max(colon, 0));
  return (Object.hasOwn(kinds, name) ? kinds[name] : kinds["*"]) ?? PLAIN;
}

/** Only how many there are is known, or may be one day. */
export function isEstimable({ approximate, promoteAt }: Kind): boolean {
  return approximate || promoteAt !== undefined;
}

/** The schema of the setting. */
export const KindsText = parsedText(`JSON such as ${EXAMPLE}`, (text): Kinds | Reason => {
  const kinds = parseObject(text);
  if (!kinds) return { reason: `must be JSON such as ${EXAMPLE}` };
  const entries = Object.entries(kinds);
  if (entries.length > MAX_KINDS || entries.some(([name]) => !KIND.test(name)))
    return {
      reason: `must name at most ${MAX_KINDS} kinds, each of 1 to 64 letters, digits and -._~@, or *`,
    };
  const reason = entries.map(([, settings]) => reasonAgainst(settings)).find(Boolean);
  if (reason) return { reason };
  return Object.fromEntries(entries.map(([name, settings]) => [name, { ...PLAIN, ...settings }]));
});

function parseObject(text: string): Record<string, Partial<Kind>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as Record<string, Partial<Kind>>) : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, max: number): boolean {
  return value === undefined || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max);
}

/** Why the settings of a kind are wrong, if they are. */
function reasonAgainst(settings: Partial<Kind>): string | undefined {
  if (!isObject(settings)) return `must be JSON such as ${EXAMPLE}`;
  const {
    reactions = PLAIN.reactions,
    several = false,
    claps,
    approximate = false,
    promoteAt,
    ...more
  } = settings;
  const isNamed =
    Array.isArray(reactions) && reactions.every((name) => typeof name === "string" && REACTION.test(name));
  const isPlain = isNamed && reactions.length === 1 && !several;
  const isEstimated = approximate || promoteAt !== undefined;
  const rules: [boolean, string][] = [
    [
      Object.keys(more).length > 0,
      "knows for a kind only reactions, several, claps, approximate and promoteAt",
    ],
    [
      !isNamed ||
        reactions.length < 1 ||
        reactions.length > MAX_REACTIONS ||
        new Set(reactions).size < reactions.length,
      `reactions must be 1 to ${MAX_REACTIONS} different names, each a letter and up to 31 letters, digits, _ and -`,
    ],
    [typeof several !== "boolean", "several must be true or false"],
    [typeof approximate !== "boolean", "approximate must be true or false"],
    [!isWhole(claps, MAX_CLAPS), `claps must be a whole number from 1 to ${MAX_CLAPS}`],
    [!isWhole(promoteAt, MAX_CLAPS), `promoteAt must be a whole number from 1 to ${MAX_CLAPS}`],
    [claps !== undefined && !isPlain, "a kind with claps has one reaction, and not several"],
    [
      isEstimated && (!isPlain || claps !== undefined),
      "a kind that is, or becomes, approximate has one reaction, and no claps",
    ],
    [
      approximate && promoteAt !== undefined,
      "a kind that is approximate cannot become so: leave out promoteAt",
    ],
  ];
  return rules.find(([isBroken]) => isBroken)?.[1];
}
