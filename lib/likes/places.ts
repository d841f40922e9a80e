import { hash } from "node:crypto";
import { likeKeys } from "../redis/keys.ts";
import type { Window } from "./windows.ts";

/** So many slots share the subjects of a tenant. It is part of every key, so it can never change. */
export const SHARDS = 64;

/** A subject of a tenant. */
export interface Place {
  readonly tenant: string;
  readonly subject: string;
}

function numberOf(text: string): number {
  return hash("sha256", text, "buffer").readUInt32BE();
}

/** Of the partitions 1 to so many, the one in which a user is who is not in the first, which is 0. */
export function partitionOf(user: string, partitions: number): number {
  return 1 + (numberOf(user) % partitions);
}

/** The keys of a partition of a subject, in one slot with what is trending there; no two partitions share one. */
export function keysOf({ tenant, subject }: Place, partition: number, windows: readonly Window[] = []) {
  const shard = (numberOf(subject) + partition) % SHARDS;
  const trending = windows.map((window) => likeKeys.trending(tenant, shard, window));
  const liked = (user: string) => likeKeys.liked(tenant, shard, user);
  return { ...likeKeys.subject(tenant, shard, subject), liked, trending };
}
