import type { RedisScript } from "../redis/script.ts";

/** What `RedisPeers` need of a connection to Redis. */
export interface RedisChannel {
  /**
   * Sends a message to all who are subscribed.
   *
   * @returns How many they are; `undefined` where Redis can't tell, since the
   * nodes of a Cluster each know their own alone.
   * @throws {StoreUnavailableError} When Redis can't be reached.
   */
  publish(channel: string, message: string): Promise<number | undefined>;
  /** Hears a channel from now on, and after each reconnect again. */
  subscribe(
    channel: string,
    onMessage: (message: string) => void,
  ): Promise<void>;
  /**
   * Runs a script whose keys share a hash tag. Scripts run in the order of
   * the calls, except where one is called before the script before it answered.
   *
   * @throws {StoreUnavailableError} When Redis can't be reached.
   */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>;
}
