import { id } from "../opaque-token.ts";
import { parsedText, text } from "../parsed-text.ts";

/** RFC 6749 appendix A.4: words of printable ASCII without quote and backslash, with single spaces between. */
const SCOPE = /^(?=.{1,1024}$)[!#-[\]-~]+( [!#-[\]-~]+)*$/;

export const ClientId = text(256);
export const Device = text(256);
export const GrantId = id("grant");

export const Scope = parsedText(
  "RFC 6749: words with single spaces between, at most 1,024 characters.",
  (value) =>
    isScope(value) ? value : { reason: "must be words with single spaces between, at most 1,024 characters" },
);

export function isScope(value: string): boolean {
  return SCOPE.test(value);
}
