import type { StreamPosition } from "../../tasks/event.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { Announce, HistoryView } from "../../tasks/store.ts";

/** What `RedisSubscriptions` works with. */
export interface RedisSubscriptionsOptions {
  /** What all keys begin with. */
  readonly prefix: string;
  /** The number of the database. */
  readonly database: number;
  /** This process's id. */
  readonly node: string;
  readonly announce: Announce;
  /** Reads a task by a connection that nobody else uses yet. */
  readonly read: (
    client: RedisClient,
    taskId: string,
    since: StreamPosition,
    limit: number,
  ) => Promise<HistoryView>;
}
