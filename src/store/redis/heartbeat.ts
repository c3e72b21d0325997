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
import { heartbeatScript, leaveScript, listenScript } from "./shard_scripts.ts";
import { listOf } from "./redis_task.ts";

/** The time for which a found lease is the finder's, in milliseconds. */
const claimMs = 5_000;

/** The most work per heartbeat and shard. */
const maxPerHeartbeat = 100;

/** Options of {@linkcode RedisHeartbeat}. */
export interface RedisHeartbeatOptions {
  readonly prefix: string;
  /** The process's id. */
  readonly node: string;
  readonly historyTtlMs: number;
  /** Returns true while the process follows topics. */
  readonly isListening: () => boolean;
  /** Called for a shard if Redis no longer knew the process. */
  readonly onUnknown: (shard: number, client: RedisClient) => Promise<void>;
  /**
   * Called with a task and the end of the task's lease, in milliseconds since 1970
   * by Redis's clock. For a while no other process gets the same task.
   */
  readonly onLeaseEnd: (taskId: string, byMs: number) => Promise<void>;
}

/**
 * Sends heartbeats to all shards of the store, to keep the process's watchers
 * counted. A heartbeat also finds due work: expired tasks, and expired leases of
 * any process.
 */
export class RedisHeartbeat {
  readonly #options: RedisHeartbeatOptions;

  constructor(options: RedisHeartbeatOptions) {
    this.#options = options;
  }

  /**
   * Sends the first heartbeat of a new connection, and resets the numbers of
   * watchers: Redis does not know about watchers gone during the outage.
   *
   * @param run See `checkRedis`.
   */
  async begin(client: RedisClient, run: string): Promise<void> {
    await Promise.all(
      shards.map((shard) => this.#run(shard, client, [run, "0", "1"])),
    );
  }

  /**
   * Sends a heartbeat to all shards.
   *
   * @param run See `checkRedis`.
   * @param canWork False while the connection is still being prepared; then no
   * due work is taken.
   */
  async send(
    client: RedisClient,
    run: string,
    canWork: boolean,
  ): Promise<void> {
    const most = String(canWork ? maxPerHeartbeat : 0);
    await Promise.all(shards.map(async (shard) => {
      const [isKnown, nowMs, ...due] = await this.#run(
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

  /**
   * Makes events of all shards announced to topics, until the process follows no
   * topic any more.
   *
   * @param run See `checkRedis`.
   */
  async listen(client: RedisClient, run: string): Promise<void> {
    await Promise.all(shards.map((shard) => {
      const base = shardBase(this.#options.prefix, shard);
      const args = [base, crypto.randomUUID(), run, String(patienceMs)];
      return client.run(listenScript, shardKeys(base), args);
    }));
  }

  /** Removes the process from all shards. */
  async end(client: RedisClient): Promise<void> {
    const { prefix, node } = this.#options;
    await Promise.all(shards.map((shard) => {
      const base = shardBase(prefix, shard);
      const own = [watchersKey(base, node), usersKey(base, node)];
      return client.run(leaveScript, [`${base}nodes`, ...own], [node]);
    }));
  }

  async #run(
    shard: number,
    client: RedisClient,
    [run, most, isNew]: readonly [run: string, most: string, isNew: string],
  ): Promise<readonly unknown[]> {
    const { prefix, node, historyTtlMs, isListening } = this.#options;
    const base = shardBase(prefix, shard);
    return listOf(
      await client.run(heartbeatScript, shardKeys(base), [
        base,
        crypto.randomUUID(),
        run,
        node,
        ...[patienceMs, claimMs, historyTtlMs].map(String),
        most,
        isNew,
        isListening() ? "1" : "0",
      ]),
    );
  }

  async #endLease(taskId: string, byMs: number): Promise<void> {
    try {
      await this.#options.onLeaseEnd(taskId, byMs);
    } catch (error) {
      // A later heartbeat, of any process, finds the lease again.
      log.error("Could not mark a task as lost, retrying: {error}", {
        connectionId: taskId,
        error,
      });
    }
  }
}
