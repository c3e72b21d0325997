import { Coalescer } from "../../async/coalescer.ts";
import type { RedisClient } from "../../redis/client.ts";
import { isRefusal } from "../../redis/error.ts";
import { patienceMs, shardBase, shardOf, watchersKey } from "./keys.ts";
import { tellScript } from "./shard_scripts.ts";

/** The numbers of this process's watchers, as written to Redis. */
export class RedisWatcherCounts {
  readonly #prefix: string;
  readonly #node: string;
  /** The running writes of each connection. */
  readonly #telling = new WeakMap<RedisClient, Coalescer>();
  #isRefused = false;

  /**
   * @param prefix The prefix of all keys.
   * @param node The process's id.
   */
  constructor(prefix: string, node: string) {
    this.#prefix = prefix;
    this.#node = node;
  }

  /**
   * Writes the number of a task's watchers. If Redis refuses writes, the task
   * can be watched nevertheless. Writes of the same task never overlap: a
   * script still unknown to Redis is sent a second time, and would then
   * overtake a newer number.
   *
   * @param count Returns the number of watchers.
   */
  tell(
    taskId: string,
    count: () => number,
    client: RedisClient,
  ): Promise<void> {
    const base = shardBase(this.#prefix, shardOf(taskId));
    const key = watchersKey(base, this.#node);
    const telling = this.#telling.get(client) ?? new Coalescer();
    this.#telling.set(client, telling);
    return telling.run(taskId, async () => {
      const args = [taskId, String(count()), String(patienceMs)];
      try {
        await client.run(tellScript, [key], args);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#isRefused = true;
      }
    });
  }

  /** True if Redis has refused a write and holds an outdated number. */
  get isOutdated(): boolean {
    return this.#isRefused;
  }

  /** Resets the flag before all numbers are written again. */
  begin(): void {
    this.#isRefused = false;
  }
}
