import * as z from "zod/mini";
import { ORDERS, RANKINGS, TIES, UPDATES } from "./board.ts";
import { TimeZone } from "./fields.ts";
import { WINDOWS } from "./periods.ts";

export const Window = z.enum(WINDOWS);
export const Settings = z.strictObject({
  order: z._default(z.enum(ORDERS), "desc"),
  update: z._default(z.enum(UPDATES), "best"),
  ties: z._default(z.enum(TIES), "first"),
  ranking: z._default(z.enum(RANKINGS), "ordinal"),
  windows: z._default(
    z.array(Window).check(
      z.minLength(1),
      z.refine((windows) => new Set(windows).size === windows.length, "must not name a window twice"),
    ),
    ["all"],
  ),
  timeZone: z._default(TimeZone, "UTC"),
  pastWindows: z._default(z.int().check(z.minimum(0), z.maximum(100)), 1),
  capacity: z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000_000))),
  partitions: z._default(z.int().check(z.minimum(1), z.maximum(256)), 1),
});
export const Entry = z.strictObject({
  rank: z.int(),
  member: z.string(),
  score: z.number(),
  metadata: z.optional(z.looseObject({})),
});
export const Outcome = z.strictObject({
  score: z.nullable(z.number()),
  rank: z.nullable(z.int()),
  previousRank: z.nullable(z.int()),
  changed: z.boolean(),
});
