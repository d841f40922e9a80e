import { AsyncLocalStorage } from "node:async_hooks";
import { hash } from "node:crypto";
import { Cluster, type Command, type Redis } from "ioredis";
import { ConfigError } from "../config.ts";
import { type Client, withEachNode } from "./client.ts";
import { RedisUnavailable } from "./errors.ts";
import type { Script } from "./script.ts";

/** Commands after which nothing is to be waited for; scripts say for themselves whether they only read. */
const READS = new Set([
  ...["get", "hmget", "pttl", "zscore", "zrevrange", "zrevrangebyscore", "ping", "auth", "hello", "wait"],
  ...["info", "config", "cluster", "client", "slowlog", "script", "readonly", "scan", "dbsize"],
  ...["hlen", "llen", "scard", "strlen", "xlen", "zcard"],
]);

export interface AcknowledgementOptions {
  /** How many replicas must have a write before it counts as done. */
  readonly replicas: number;
  /** How long they may take. */
  readonly timeoutMs: number;
  /** Those of them that keep house when they write are not waited for. */
  readonly scripts: Readonly<Record<string, Script>>;
}

/** Makes operations end when the replicas have what they wrote. */
export interface Acknowledgement {
  /** Rejects with `ConfigError` where the server has no WAIT, as ElastiCache Serverless. One round trip, once. */
  check(): Promise<void>;
  /** As `operation`; rejects with `RedisUnavailable` when too few replicas have it: it may be lost, or not. */
  run<T>(operation: () => Promise<T>): Promise<T>;
}

/** The waits of one operation. */
interface Waits {
  readonly due: Set<Redis>;
  readonly replies: Promise<number>[];
}

/**
 * Sends WAIT (https://redis.io/commands/wait) behind each write, on the same socket and without a round trip of its
 * own. Call it before the client connects.
 */
export function acknowledge(
  redis: Client,
  { replicas, timeoutMs, scripts }: AcknowledgementOptions,
): Acknowledgement {
  const current = new AsyncLocalStorage<Waits>();
  /** A cluster sends a command again to where it was moved to, and nobody knows then who asked for it. */
  const waitsOf = new WeakMap<Command, Waits>();
  const housekeeping = new Set(
    Object.values(scripts)
      .filter(({ keepsHouse }) => keepsHouse)
      .flatMap(({ lua }) => [lua, hash("sha1", lua)]),
  );
  let checked: Promise<void> | undefined;

  function isAwaited({ name, args, isReadOnly }: Command): boolean {
    return !isReadOnly && !READS.has(name) && !housekeeping.has(String(args[0]));
  }

  /** Writes of the same moment share one. */
  function wait(node: Redis, key: string, { due, replies }: Waits): void {
    if (due.has(node)) return;
    due.add(node);
    queueMicrotask(() => {
      // Since 7.2 WAIT looks at what this connection has written. What finds its work done by another one, whose reply
      // was lost, writes nothing: this is written always, behind it.
      node.set(`${key}:waited`, "", "PX", 1).catch(() => {});
      const reply = node.wait(replicas, timeoutMs);
      due.delete(node);
      reply.catch(() => {}); // read when the operation has ended, if it ends well
      replies.push(reply);
    });
  }

  withEachNode(redis, (node) => {
    const send = node.sendCommand.bind(node);
    node.sendCommand = (command: Command, ...rest) => {
      const reply = send(command, ...rest);
      const waits = waitsOf.get(command) ?? current.getStore();
      if (waits && isAwaited(command)) {
        waitsOf.set(command, waits);
        wait(node, String(command.getKeys()[0]), waits);
      }
      return reply;
    };
  });

  async function ask(): Promise<void> {
    try {
      const [node] = redis instanceof Cluster ? redis.nodes("master") : [redis];
      await node?.wait(0, 1);
    } catch (error) {
      checked = undefined;
      if (!/^ERR unknown command|^NOPERM/.test((error as Error).message)) throw error;
      throw new ConfigError(
        "REDIS_MIN_REPLICAS_ACK: the server does not let us WAIT for replicas (ElastiCache Serverless never does); unset it, or use a node-based cluster and a user that may call WAIT",
      );
    }
  }

  function check(): Promise<void> {
    checked ??= ask();
    return checked;
  }

  return {
    check,
    async run(operation) {
      await check();
      const waits: Waits = { due: new Set(), replies: [] };
      const value = await current.run(waits, operation);
      const counts = await Promise.all(waits.replies);
      const fewest = Math.min(replicas, ...counts);
      if (fewest < replicas) {
        const message = `Redis is unavailable: ${fewest} of the ${replicas} replicas asked for have the write.`;
        throw new RedisUnavailable(message, { answers: true });
      }
      return value;
    },
  };
}
