import type { RedisScript } from "../redis/script.ts";

/** The parts of a Redis connection used by `RedisNodes`. */
export interface RedisChannel {
  /**
   * Publishes a message.
   *
   * @returns The number of subscribers; `undefined` in a Cluster, since a Cluster
   * node counts only the subscribers connected to the node itself.
   * @throws {StoreUnavailableError} If Redis can't be reached.
   */
  publish(channel: string, message: string): Promise<number | undefined>;
  /** Subscribes to a channel, now and after each reconnect. */
  subscribe(
    channel: string,
    onMessage: (message: string) => void,
  ): Promise<void>;
  /**
   * Runs a script; all keys share a hash tag. Scripts run in call order if each
   * call waits for the reply to the preceding call.
   *
   * @throws {StoreUnavailableError} If Redis can't be reached.
   */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>;
}
