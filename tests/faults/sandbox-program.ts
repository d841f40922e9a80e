import dns from "node:dns";
import { pathToFileURL } from "node:url";
import type { Call, Reply, World } from "./sandbox-process.ts";

/** What a sandbox is to a function: loads bundles, calls their handlers with the events that it is sent, and tells how long it took. */
type Handler = (event: unknown, context: object) => Promise<unknown>;

const [bundles = "{}"] = process.argv.slice(2);
let world: World = { address: "127.0.0.1", aheadMs: 0 };

const trueNow = Date.now;
Date.now = () => trueNow() + world.aheadMs;

// Node looks a name up each time that it connects, and takes this function from there.
dns.lookup = ((_name: string, { all }: dns.LookupOptions, done: (...answer: unknown[]) => void) => {
  const { address } = world;
  process.nextTick(() => (all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)));
}) as typeof dns.lookup;

const handlers = new Map<string, Handler>();

async function answer({ id, call, world: changed }: Call): Promise<void> {
  if (changed) world = changed;
  const startedAt = performance.now();
  const context = {
    awsRequestId: String(id),
    functionName: "redigate-test",
    getRemainingTimeInMillis: () => 29_000,
  };
  const result = call && (await handlers.get(call.name)?.(call.event, context));
  const reply: Reply = { id, result, tookMs: performance.now() - startedAt };
  process.send?.(reply);
}

process.on("message", answer);
process.on("disconnect", () => process.exit());
for (const [name, file] of Object.entries<string>(JSON.parse(bundles)))
  handlers.set(name, (await import(pathToFileURL(file).href)).handler);
process.send?.({ id: 0, tookMs: 0 } satisfies Reply);
