import * as z from "zod/mini";
import { oneOf } from "./parsed-text.ts";

/** In the query of an operation that may be answered by a replica, so with what was true a moment ago. */
export const eventual = { consistency: z.optional(oneOf("strong", "eventual")) };

/** For the description of such an operation. */
export const EVENTUAL = "`consistency=eventual` may be answered by a replica, with old data.";

/** One of two makings of the same feature: on the primary, and on a replica if there is one. */
export function chooseBy<T>(primary: T, replica: T) {
  return (consistency: "strong" | "eventual" | undefined): T =>
    consistency === "eventual" ? replica : primary;
}
