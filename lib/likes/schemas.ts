import * as z from "zod/mini";

/** A reaction; a list of them where the kind allows several. */
const Given = z.union([z.string(), z.array(z.string())]);

const Gave = { reaction: Given, claps: z.optional(z.int()), at: z.string() };

export const Member = z.strictObject({ user: z.string(), ...Gave });
export const Liked = z.strictObject({ subject: z.string(), ...Gave });
export const Trend = z.strictObject({ subject: z.string(), score: z.number() });

/** `mine` where a user was named. Where only a count is known nothing else is there but how far off it is. */
export const Known = z.strictObject({
  count: z.int(),
  reactions: z.optional(z.record(z.string(), z.int())),
  mine: z.optional(z.nullable(Given)),
  claps: z.optional(z.strictObject({ total: z.int(), mine: z.optional(z.int()) })),
  approximate: z.optional(z.literal(true)),
  standardError: z.optional(z.number()),
});
