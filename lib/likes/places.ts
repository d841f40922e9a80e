import { likeKeys } from "../redis/keys.ts";

/** So many slots share the subjects of a tenant. It is part of every key, so it can never change. */
export const SHARDS = 64;

/** A subject of a tenant. */
export interface Place {
  readonly tenant: string;
  readonly subject: string;
}

/** FNV-1a, which for a name costs a tenth of what a digest does, with its better bits folded into the others. */
function numberOf(text: string): number {
  let number = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193);
  return (number ^ (number >>> 15)) >>> 0;
}

/** Of the partitions 1 to so many, the one in which a user is who is not in the first, which is 0. */
export function partitionOf(user: string, partitions: number): number {
  return 1 + (numberOf(user) % partitions);
}

/** Whether a user may be in a partition, 0 to so many. */
export function mayHold(partition: number, user: string, partitions: number): boolean {
  return partition === 0 || partition === partitionOf(user, partitions);
}

/** The keys of a partition of a subject, in one slot with what is trending there; no two partitions share one. */
export function keysOf({ tenant, subject }: Place, partition: number) {
  return likeKeys.subject(tenant, (numberOf(subject) + partition) % SHARDS, subject);
}
