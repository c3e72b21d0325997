import type { StreamPosition } from "../../tasks/event.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { FollowedTopics } from "./followed_topics.ts";
import type { Announce, HistoryView } from "../../tasks/store.ts";

/** Options of `RedisSubscriptions`. */
export interface RedisSubscriptionsOptions {
  /** The prefix of all keys. */
  readonly prefix: string;
  /** The number of the database. */
  readonly database: number;
  /** The process's id. */
  readonly node: string;
  readonly topics: FollowedTopics;
  readonly announce: Announce;
  /** Reads a task through a connection that is still being prepared. */
  readonly read: (
    client: RedisClient,
    taskId: string,
    since: StreamPosition,
    limit: number,
  ) => Promise<HistoryView>;
}
