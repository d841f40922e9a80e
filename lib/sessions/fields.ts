import { digestOf, type Id, id, parseToken } from "../opaque-token.ts";
import { parsedText, type Reason, text } from "../parsed-text.ts";

export const SECRET_BYTES = 32;

/** What a token opens, and what Redis knows it by. The token itself goes no further than this. */
export interface SessionToken {
  readonly id: Id;
  readonly digest: string;
}

export const Device = text(256);
export const SessionId = id("session");

export const Token = parsedText("The token of a session.", (value): SessionToken | Reason => {
  const token = parseToken(value, SECRET_BYTES);
  return token ? { id: token.id, digest: digestOf(value) } : { reason: "is not the token of a session" };
});
