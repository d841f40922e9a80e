import type { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";
import { composeLocks } from "../composition.ts";

test("what blocks has a connection of its own, also where operations share a deadline", async () => {
  const { connection } = composeLocks(inject("redisUrl"));
  onTestFinished(() => connection.close());
  const id = (redis: Redis) => redis.client("ID");
  const [own, blocking] = [await connection.run(id), await connection.block(id)];
  expect(blocking).not.toBe(own);
  const shared = connection.sharing();
  expect([await shared.run(id), await shared.block(id)]).toEqual([own, blocking]);
});
