import { log } from "../log.ts";
import type { RedisClient } from "./redis_client.ts";
import {
  patienceMs,
  shardBase,
  shardCount,
  shardKeys,
  usersKey,
  watchersKey,
} from "./redis_keys.ts";
import { leaveScript, tickScript } from "./redis_shard_scripts.ts";
import { listOf } from "./redis_task.ts";

/** How long a lease that ended is left to the node that found it, in milliseconds. */
const claimMs = 5_000;

/** What one beat does at most in one part. */
const maxPerBeat = 100;

/** What {@linkcode RedisPulse} works with. */
export interface RedisPulseOptions {
  readonly prefix: string;
  /** This process's id. */
  readonly node: string;
  readonly historyTtlMs: number;
  /** Called for a part in which this process was not known any more. */
  readonly onUnknown: (shard: number, client: RedisClient) => Promise<void>;
  /** Called with a task whose lease has ended: no other process is for a while. */
  readonly onLeaseEnd: (connectionId: string) => Promise<void>;
}

/**
 * Says in all parts of the store that this process is there, so that those who
 * watch here count; and looks for what is due: leases that ended, whichever
 * process held their events, and tasks whose time is over.
 */
export class RedisPulse {
  readonly #options: RedisPulseOptions;

  constructor(options: RedisPulseOptions) {
    this.#options = options;
  }

  /** @param run See `checkRedis`. */
  async beat(client: RedisClient, run: string): Promise<void> {
    await Promise.all(
      shards.map((shard) => this.#beatIn(shard, client, run)),
    );
  }

  /** Says that this process is gone. */
  async end(client: RedisClient): Promise<void> {
    const { prefix, node } = this.#options;
    await Promise.all(shards.map((shard) => {
      const base = shardBase(prefix, shard);
      const own = [watchersKey(base, node), usersKey(base, node)];
      return client.run(leaveScript, [`${base}nodes`, ...own], [node]);
    }));
  }

  async #beatIn(
    shard: number,
    client: RedisClient,
    run: string,
  ): Promise<void> {
    const { prefix, node, historyTtlMs, onUnknown } = this.#options;
    const base = shardBase(prefix, shard);
    const [isKnown, ...due] = listOf(
      await client.run(tickScript, shardKeys(base), [
        base,
        crypto.randomUUID(),
        run,
        node,
        ...[patienceMs, claimMs, historyTtlMs, maxPerBeat].map(String),
      ]),
    );
    for (const connectionId of due) this.#endLease(String(connectionId));
    if (isKnown !== 1) await onUnknown(shard, client);
  }

  async #endLease(connectionId: string): Promise<void> {
    try {
      await this.#options.onLeaseEnd(connectionId);
    } catch (error) {
      // It comes again, here or in another process.
      log.error("The loss of a task could not be stored: {error}", {
        connectionId,
        error,
      });
    }
  }
}

const shards: readonly number[] = Array.from(
  { length: shardCount },
  (_, shard) => shard,
);
