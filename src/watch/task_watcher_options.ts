import type { Store } from "../tasks/store.ts";
import type { Hub } from "./hub.ts";
import type { Outlet } from "./outlet.ts";

/** What a `TaskWatcher` works with. */
export interface TaskWatcherOptions {
  readonly taskId: string;
  readonly store: Store;
  readonly hub: Hub;
  readonly outlet: Outlet;
  /** Whether `sync` says which task it is about: on a socket with several. */
  readonly namesTask?: boolean;
  /** Whether the one behind the outlet may watch a task of this owner. */
  readonly mayWatch: (owner: string | undefined) => boolean;
  /** Called once where that is denied; the watcher has stopped. */
  readonly onForbidden: () => void;
  /** Called with the number of events that a merged one stands for. */
  readonly onMerged?: (skipped: number) => void;
  /** Called with the first `sync`: whether the client came to resume, and without a gap. */
  readonly onJoined?: (isResume: boolean, recovered: boolean) => void;
}
