import type { ListQuery, Task, TaskList, TaskwireError } from "./api.ts";
import type { Link } from "./link.ts";
import type { Frame } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import type { UpdateQueue } from "./update_queue.ts";

/** The most tasks of a list, unless the query has a limit. */
const defaultLimit = 100;

/** A list with its consumer. */
export class FollowedList implements Subscription {
  readonly key: number;
  readonly query: ListQuery & { readonly limit: number };
  link?: Link;
  isSynced = false;
  readonly #queue: UpdateQueue<TaskList>;
  #list: TaskList = { tasks: [], complete: true };

  constructor(key: number, query: ListQuery, queue: UpdateQueue<TaskList>) {
    this.key = key;
    this.query = { ...query, limit: query.limit ?? defaultLimit };
    this.#queue = queue;
  }

  get subscribe() {
    return { ...this.query, ...this.unsubscribe, type: "subscribe_list" };
  }

  get unsubscribe() {
    return { type: "unsubscribe_list", list: String(this.key) };
  }

  /** Takes a `list`, `list_update` or `list_remove`. */
  take({ tasks, complete, task, connection_id: id }: Frame): boolean {
    const { tasks: before, complete: wasComplete } = this.#list;
    id ??= task?.connection_id;
    tasks ??= before.filter((each) => each.connection_id !== id);
    // The server removes the oldest task beyond the limit, without a new `complete`.
    complete ??= wasComplete && tasks.length < this.query.limit;
    if (task) {
      // Updates of several tasks may come in any order.
      tasks = [task, ...tasks].sort((one: Task, other: Task) =>
        other.updated_at.localeCompare(one.updated_at)
      );
    }
    this.#list = { tasks, complete };
    this.#queue.push(this.#list, true);
    return false;
  }

  end(error?: TaskwireError): void {
    this.#queue.end(error);
  }
}
