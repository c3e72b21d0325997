import type { RedisClient } from "./redis_client.ts";
import { isRefusal } from "./redis_error.ts";
import { patienceMs, shardBase, shardOf, watchersKey } from "./redis_keys.ts";
import { tellScript } from "./redis_shard_scripts.ts";

/** How many watch each task in this process, as Redis is told. */
export class RedisWatcherCounts {
  readonly #prefix: string;
  readonly #node: string;
  #isRefused = false;

  /**
   * @param prefix What all keys begin with.
   * @param node This process's id.
   */
  constructor(prefix: string, node: string) {
    this.#prefix = prefix;
    this.#node = node;
  }

  /** Tells of a task. Where Redis takes no writes, a task can be watched all the same. */
  async tell(
    connectionId: string,
    watchers: number,
    client: RedisClient,
  ): Promise<void> {
    const base = shardBase(this.#prefix, shardOf(connectionId));
    try {
      await client.run(tellScript, [watchersKey(base, this.#node)], [
        connectionId,
        String(watchers),
        String(patienceMs),
      ]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#isRefused = true;
    }
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
