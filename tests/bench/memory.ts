import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { report } from "./sandbox.ts";

/** Mebibytes: the least after the warm-up, and what it was at the end. */
export type MemoryResult = Record<"heap" | "rss", { readonly lowest: number; readonly last: number }>;

const WARM_UP = 10_000;
const REQUESTS = 100_000;
const EVERY = 20_000;
/** More than the function remembers, so that tokens are forgotten all the time. */
const TOKENS = 1200;
const MEBIBYTE = 1_048_576;

const tenant = `bench-${randomUUID()}`;
const tokens = await Promise.all(
  Array.from({ length: TOKENS }, (_, index) => mintToken(tenant, String(index))),
);
const handler = await loadHandler();

/** What a function meets: mostly hits, and everything else in between. */
async function request(index: number): Promise<unknown> {
  const token = tokens[0] ?? "";
  const key = `/v1/cache/entries/k${index % 500}`;
  switch (index % 10) {
    case 0:
      return handle("PUT", key, [201, 204], { token, body: `value ${index}` });
    case 1:
      return handle("GET", `/v1/cache/entries/missing-${index}`, [404], { token });
    case 2:
      return handle("GET", key, [200, 404], { token, query: { lease: "1" } });
    case 3:
      return handle("PUT", key, [201, 204], {
        token,
        body: "g",
        headers: { "cache-groups": `"g${index % 50}"` },
      });
    case 4:
      return handle("GET", `/v1/nothing/${index}`, [404], {});
    case 5:
      return handle("GET", key, [401], { token: `not.a.token${index}` });
    case 6:
      return handle("GET", key, [200, 404], { token: tokens[index % TOKENS] ?? "" });
    default:
      return handle("GET", key, [200, 404], { token });
  }
}

async function handle(
  method: string,
  path: string,
  statuses: number[],
  options: Parameters<typeof eventFor>[2],
) {
  const event = eventFor(method, path, options);
  const { statusCode } = await handler(event, { awsRequestId: randomUUID(), functionName: "cache" });
  if (!statuses.includes(statusCode)) await call(handler, event, statuses[0] ?? 0);
}

async function used() {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc?.();
    await sleep(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / MEBIBYTE, rss: rss / MEBIBYTE };
}

for (let index = 0; index < WARM_UP; index++) await request(index);
const samples = [await used()];
for (let index = 0; index < REQUESTS; index++) {
  await request(index);
  if (index % EVERY === EVERY - 1) samples.push(await used());
}
// Memory that V8 gives back in between must not hide what is lost at the same time.
const growth = (kind: keyof MemoryResult) => {
  const values = samples.map((sample) => sample[kind]);
  return { lowest: Math.min(...values), last: values.at(-1) ?? Number.NaN };
};
const result: MemoryResult = { heap: growth("heap"), rss: growth("rss") };
report(result);
