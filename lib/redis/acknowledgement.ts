import { AsyncLocalStorage } from "node:async_hooks";
import type { Command, Redis } from "ioredis";
import { ConfigError } from "../config.ts";
import { type Client, nodesOf, withEachNode } from "./client.ts";
import { RedisUnavailable } from "./errors.ts";

/** Commands after which nothing is to be waited for; scripts say for themselves whether they only read. */
const READS = new Set(["get", "hmget", "pttl", "zscore", "ping", "auth", "hello", "wait"]);

export interface AcknowledgementOptions {
  /** How many replicas must have a write before it counts as done. */
  readonly replicas: number;
  /** How long they may take. */
  readonly timeoutMs: number;
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
export function acknowledge(redis: Client, { replicas, timeoutMs }: AcknowledgementOptions): Acknowledgement {
  const current = new AsyncLocalStorage<Waits>();
  /** A cluster sends a command again to where it was moved to, and nobody knows then who asked for it. */
  const waitsOf = new WeakMap<Command, Waits>();
  let checked: Promise<void> | undefined;

  /** Writes of the same moment share one. */
  function wait(node: Redis, { due, replies }: Waits): void {
    if (due.has(node)) return;
    due.add(node);
    queueMicrotask(() => {
      due.delete(node);
      const reply = node.wait(replicas, timeoutMs);
      reply.catch(() => {}); // read when the operation has ended, if it ends well
      replies.push(reply);
    });
  }

  withEachNode(redis, (node) => {
    const send = node.sendCommand.bind(node);
    node.sendCommand = (command: Command, ...rest) => {
      const reply = send(command, ...rest);
      const waits = waitsOf.get(command) ?? current.getStore();
      if (waits && !command.isReadOnly && !READS.has(command.name)) {
        waitsOf.set(command, waits);
        wait(node, waits);
      }
      return reply;
    };
  });

  async function ask(): Promise<void> {
    try {
      await nodesOf(redis)[0]?.wait(0, 1);
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
