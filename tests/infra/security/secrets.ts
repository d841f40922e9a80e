import type { Problems, Template } from "../validator/template.ts";

const NAMES = /password|secret(?!s?manager)|authtoken|private_?key|signing_?key/i;
/** Those that say where a secret is, or what kind. */
const HARMLESS =
  /arn|_?id$|ids$|^type$|reference|exclude|length|generate|template|secrettargetattachment|secretsmanager/i;
const TEXTS = [
  { of: /-----BEGIN [A-Z ]*PRIVATE KEY-----/, what: "a private key" },
  { of: /\\?"d\\?":\s*\\?"[\w-]{40,}/, what: "a private JWK" },
  { of: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/, what: "a key of AWS'" },
  { of: /^\s*(requirepass|masterauth)\s+\S/m, what: "a password" },
  { of: /:\/\/[^/\s:@]*:[^/\s@$]+@/, what: "an address with a password" },
];

/** Secrets that anybody reads who may read the template. */
export function* checkSecrets(template: Template): Problems {
  yield* checkText(template, "");
}

function* checkText(value: unknown, path: string): Problems {
  if (typeof value === "string") {
    for (const { of, what } of TEXTS) if (of.test(value)) yield `${path}: holds ${what}`;
    const name = path.slice(path.lastIndexOf(".") + 1);
    const isWord = value !== "" && !value.startsWith("{{resolve:");
    if (isWord && NAMES.test(name) && !HARMLESS.test(name)) yield `${path}: holds a secret`;
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value))
      yield* checkText(inner, Array.isArray(value) ? path : `${path}.${name}`);
  }
}
