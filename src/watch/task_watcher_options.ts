import type { Store, TaskAudience } from "../tasks/store.ts";
import type { Hub } from "./hub.ts";
import type { Outlet } from "./outlet.ts";

/** Options of `TaskWatcher`. */
export interface TaskWatcherOptions {
  readonly taskId: string;
  readonly store: Store;
  readonly hub: Hub;
  readonly outlet: Outlet;
  /** True if `sync` names the task: a socket may have several tasks. */
  readonly namesTask?: boolean;
  readonly audience: Audience;
}

/** The user behind the watchers of a connection, and the count of events. */
export interface Audience {
  /** Returns true if the user may watch the task. */
  mayWatch(taskId: string, task: TaskAudience): boolean;
  /** Called once if watching is denied; the watcher has stopped. */
  onForbidden(taskId: string, namesTask: boolean): void;
  /** Called with the number of events merged into a sent event. */
  onMerged?(skipped: number): void;
  /** Called with the first `sync`; `recovered` if resumed without a gap. */
  onJoined?(isResume: boolean, recovered: boolean): void;
}
