import type { Redis } from "ioredis";
import type { Connection } from "../redis/connection.ts";
import { orNotAvailable } from "./availability.ts";
import { parseInfo } from "./info.ts";

/** What one node knows of the cluster; `off` where there is none. */
export function readCluster(connection: Connection) {
  return connection.run((redis) => orNotAvailable(ask(redis)), { idempotent: true });
}

async function ask(redis: Redis) {
  try {
    const [state, nodes] = await Promise.all([redis.cluster("INFO"), redis.cluster("NODES")]);
    return describe(String(state), String(nodes));
  } catch (error) {
    if (/cluster support disabled/.test((error as Error).message)) return "off";
    throw error;
  }
}

function describe(info: string, nodes: string) {
  const { cluster_state: state = "unknown", cluster_slots_ok: slots = "0" } = parseInfo(info);
  return { state, servedSlots: Number(slots), nodes: nodes.split("\n").filter(Boolean).map(describeNode) };
}

/** https://redis.io/commands/cluster-nodes: id, address, flags, primary, ping, pong, epoch, link, slots. */
function describeNode(line: string) {
  const [id = "", at = "", flags = "", primaryId = "-", , , , link, ...slots] = line.split(" ");
  const [address = "", hostname] = at.replace(/@\d+/, "").split(",");
  const isFailing = /\bfail\??/.test(flags);
  return {
    id,
    address: hostname ? [hostname, address.split(":").at(-1)].join(":") : address,
    role: flags.includes("master") ? ("primary" as const) : ("replica" as const),
    ...(primaryId !== "-" && { primaryId }),
    state: isFailing ? "failing" : link === "connected" ? "connected" : "disconnected",
    slots: slots.filter((range) => !range.startsWith("[")),
  };
}
