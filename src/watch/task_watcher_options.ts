import type { Store } from "../tasks/store.ts";
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
  /** Returns true if the connection's user may watch a task of this owner. */
  readonly mayWatch: (owner: string | undefined) => boolean;
  /** Called once if watching is denied; the watcher has stopped. */
  readonly onForbidden: () => void;
  /** Called with the number of events merged into a sent event. */
  readonly onMerged?: (skipped: number) => void;
  /** Called with the first `sync`; `recovered` if resumed without a gap. */
  readonly onJoined?: (isResume: boolean, recovered: boolean) => void;
}
