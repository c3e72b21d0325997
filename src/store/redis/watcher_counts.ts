import { Coalescer } from "../../async/coalescer.ts";
import type { RedisClient } from "../../redis/client.ts";
import { isRefusal } from "../../redis/error.ts";
import { patienceMs, shardBase, shardOf, watchersKey } from "./keys.ts";
import { tellScript } from "./shard_scripts.ts";

/** How many watch each task in this process, as Redis is told. */
export class RedisWatcherCounts {
  readonly #prefix: string;
  readonly #node: string;
  /** What each connection is being told. */
  readonly #telling = new WeakMap<RedisClient, Coalescer>();
  #isRefused = false;

  /**
   * @param prefix What all keys begin with.
   * @param node This process's id.
   */
  constructor(prefix: string, node: string) {
    this.#prefix = prefix;
    this.#node = node;
  }

  /**
   * Tells of a task. Where Redis takes no writes, a task can be watched all the
   * same. One at a time: a script that Redis doesn't know yet is sent once
   * more, and would come after a newer number.
   *
   * @param count How many watch it now.
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

  /** Whether Redis has refused to be told something, and so takes another number for true. */
  get isOutdated(): boolean {
    return this.#isRefused;
  }

  /** Takes note that all is about to be told anew. */
  begin(): void {
    this.#isRefused = false;
  }
}
