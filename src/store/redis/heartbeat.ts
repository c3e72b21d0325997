import { log } from "../../log/log.ts";
import type { RedisClient } from "../../redis/client.ts";
import {
  patienceMs,
  shardBase,
  shardKeys,
  shards,
  usersKey,
  watchersKey,
} from "./keys.ts";
import { leaveScript, tickScript } from "./shard_scripts.ts";
import { listOf } from "./redis_task.ts";

/** How long a lease that ended is left to the node that found it, in milliseconds. */
const claimMs = 5_000;

/** What one beat does at most in one part. */
const maxPerBeat = 100;

/** What {@linkcode RedisHeartbeat} works with. */
export interface RedisPulseOptions {
  readonly prefix: string;
  /** This process's id. */
  readonly node: string;
  readonly historyTtlMs: number;
  /** Called for a part in which this process was not known any more. */
  readonly onUnknown: (shard: number, client: RedisClient) => Promise<void>;
  /**
   * Called with a task whose lease had ended by then, in milliseconds since 1970
   * as Redis has it: no other process is for a while.
   */
  readonly onLeaseEnd: (taskId: string, byMs: number) => Promise<void>;
}

/**
 * Says in all parts of the store that this process is there, so that those who
 * watch here count; and looks for what is due: leases that ended, whichever
 * process held their events, and tasks whose time is over.
 */
export class RedisHeartbeat {
  readonly #options: RedisPulseOptions;

  constructor(options: RedisPulseOptions) {
    this.#options = options;
  }

  /**
   * Says so on a new connection, and that nobody watches here yet: what was left
   * while Redis was away is not known there.
   *
   * @param run See `checkRedis`.
   */
  async begin(client: RedisClient, run: string): Promise<void> {
    await Promise.all(
      shards.map((shard) => this.#tick(shard, client, [run, "0", "1"])),
    );
  }

  /**
   * @param run See `checkRedis`.
   * @param canWork Whether what is due can be done: not on a connection that is
   * still made ready.
   */
  async beat(
    client: RedisClient,
    run: string,
    canWork: boolean,
  ): Promise<void> {
    const most = String(canWork ? maxPerBeat : 0);
    await Promise.all(shards.map(async (shard) => {
      const [isKnown, nowMs, ...due] = await this.#tick(
        shard,
        client,
        [run, most, "0"],
      );
      for (const taskId of due) {
        this.#endLease(String(taskId), Number(nowMs));
      }
      if (isKnown !== 1) await this.#options.onUnknown(shard, client);
    }));
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

  async #tick(
    shard: number,
    client: RedisClient,
    [run, most, isNew]: readonly [run: string, most: string, isNew: string],
  ): Promise<readonly unknown[]> {
    const { prefix, node, historyTtlMs } = this.#options;
    const base = shardBase(prefix, shard);
    return listOf(
      await client.run(tickScript, shardKeys(base), [
        base,
        crypto.randomUUID(),
        run,
        node,
        ...[patienceMs, claimMs, historyTtlMs].map(String),
        most,
        isNew,
      ]),
    );
  }

  async #endLease(taskId: string, byMs: number): Promise<void> {
    try {
      await this.#options.onLeaseEnd(taskId, byMs);
    } catch (error) {
      // It comes again, here or in another process.
      log.error("The loss of a task could not be stored: {error}", {
        taskId,
        error,
      });
    }
  }
}
