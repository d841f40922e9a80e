import type * as z from "zod/mini";
import type { Alert } from "./telemetry.ts";

/** A schema of `zod/mini`. */
export type Schema = z.ZodMiniType;

/** Who may call: anyone, any valid token, or a token with this scope. */
export type Access = "public" | "authenticated" | `${string}:read` | `${string}:write`;

/** What one status means. Without `body` and `problems` the answer has none. */
export interface Response {
  readonly description: string;
  /** A JSON schema, or `bytes` for whatever the caller stored. */
  readonly body?: Schema | "bytes";
  /** The codes of the problem document sent with this status. */
  readonly problems?: readonly string[];
  /** What else than usual these documents may have. */
  readonly members?: Readonly<Record<string, Schema>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One operation of the API, as pure data: the router, the validation, the types of the handlers, OpenAPI, the
 * README's table and the tests are all derived from it.
 */
export interface Operation {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** `{name}` stands for one segment, `{name+}` for the rest of the path. */
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** It is the operator's: its scope must be given by name, for `*` is everything of one tenant. */
  readonly spansTenants?: true;
  /**
   * Why it happens once though a lost reply makes the function send it again: it is idempotent by nature, or its script
   * knows the request by an id. Left out by operations that never write.
   */
  readonly repetition?: "idempotent" | "request id";
  readonly params?: Schema;
  readonly query?: Schema;
  readonly headers?: Schema;
  /** A JSON schema, or `bytes` for any media type. A PATCH also comes as a merge patch (RFC 7396). */
  readonly body?: Schema | "bytes";
  /** Nothing at all counts as an empty object. */
  readonly bodyOptional?: true;
  /** The fields of an HTML form, as OAuth sends them: its errors are those of RFC 6749 section 5.2. */
  readonly form?: Schema;
  readonly responses: Readonly<Record<number, Response>>;
}

export type Contract = Readonly<Record<string, Operation>>;

type Parsed<S> = S extends Schema ? z.output<S> : undefined;
type Bytes<B> = B extends "bytes" ? Buffer : Parsed<B>;
type Body<O> = O extends { readonly form: infer F }
  ? Parsed<F> | (O extends { readonly body: infer B } ? Bytes<B> : never)
  : O extends { readonly body: infer B }
    ? Bytes<B>
    : undefined;

/** What a handler is given: validated, typed, and already known to be allowed. */
export interface Request<O extends Operation> {
  /** The tenant of the token; the empty text on a public operation. */
  readonly tenant: string;
  /** Throws 403 `scope_missing` unless the token has this scope too. */
  readonly requireScope: (access: Access) => void;
  /** Tells the operators: a line in the log with these fields, and a metric. */
  readonly alert: (alert: Alert, fields: Record<string, unknown>) => void;
  readonly params: Parsed<O["params"]>;
  readonly query: Parsed<O["query"]>;
  readonly headers: Parsed<O["headers"]>;
  readonly body: Body<O>;
  readonly contentType: string | undefined;
  /** The method was HEAD: the body of the answer will not be sent. */
  readonly head: boolean;
}

/** What a handler answers: one of the documented statuses with its body. */
export type Reply<O extends Operation> = {
  [S in keyof O["responses"]]: {
    readonly status: S;
    readonly headers?: Readonly<Record<string, string>>;
  } & (O["responses"][S] extends { readonly body: infer B }
    ? { readonly body: B extends "bytes" ? Buffer : B extends Schema ? z.input<B> : never }
    : { readonly body?: undefined });
}[keyof O["responses"]];

export type Handlers<C extends Contract> = {
  readonly [K in keyof C]: (request: Request<C[K]>) => Promise<Reply<C[K]>>;
};
