import type { CloseCode } from "../protocol/close_codes.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import {
  encodeSync,
  encodeTask,
  type ErrorFrame,
} from "../protocol/server_frames.ts";
import type { HistoryView, Store, StoredEvent } from "../store/store.ts";
import type { StreamPosition } from "./event.ts";
import type { Hub, Watcher } from "./hub.ts";

/** Where a watcher's frames go; a `Connection` is one. */
export interface Outlet {
  readonly isClosed: boolean;
  readonly isCongested: boolean;
  send(frame: string): unknown;
  writable(): Promise<void>;
  onEnd(cleanup: () => void): void;
  close(code: CloseCode, error: ErrorFrame): void;
  fail(error: unknown): void;
}

/** What a {@linkcode TaskWatcher} works with. */
export interface TaskWatcherOptions {
  readonly connectionId: string;
  readonly store: Store;
  readonly hub: Hub;
  readonly outlet: Outlet;
  /** Whether the one behind the outlet may watch a task of this owner. */
  readonly mayWatch: (owner: string | undefined) => boolean;
}

/** Events read and sent before other work gets its turn (a burst counts as buffered until then). */
const replaySlice = 100;

/**
 * Shows one task to one connection: `sync`, then every event after it, in
 * offset order, each once.
 *
 * It is either *live*, when the hub's events are passed on as they come, or
 * *catching up*, when they are only noted and read from the store instead.
 * Joining, resuming, a full buffer and a new epoch are all the same catching
 * up, which ends in the turn in which nothing noted is left unsent. Nothing is
 * queued here, so a slow connection costs no memory.
 */
export class TaskWatcher implements Watcher {
  readonly #options: TaskWatcherOptions;
  #live = false;
  /** The last event sent, or what the last `sync` said. */
  #position: StreamPosition | undefined;
  /** The newest event that came while catching up. */
  #noted: StoredEvent | undefined;
  #owner: string | undefined;

  constructor(options: TaskWatcherOptions) {
    this.#options = options;
  }

  /**
   * Joins the task and sends what the watcher has missed.
   *
   * @param since Where the client resumes; without it only the snapshot is sent.
   * @throws When the store cannot be read.
   */
  async start(since: StreamPosition | undefined): Promise<void> {
    const { connectionId, hub, outlet } = this.#options;
    hub.join(connectionId, this);
    outlet.onEnd(() => hub.leave(connectionId, this));
    await this.#catchUp(since, true);
  }

  deliver(stored: StoredEvent, frame: string): boolean {
    const { outlet } = this.#options;
    if (!this.#admit(stored.owner)) return false;
    if (!this.#live) {
      this.#noted = stored;
      return true;
    }
    const { epoch, event } = stored;
    if (this.#hasSeen(stored)) return false;
    const isNext = this.#position?.epoch === epoch &&
      this.#position.offset + 1 === event.offset;
    if (isNext && !outlet.isCongested) {
      outlet.send(frame);
      this.#position = { epoch, offset: event.offset };
      return true;
    }
    this.#live = false;
    this.#noted = stored;
    this.#catchUp(this.#position, false).catch((error) => outlet.fail(error));
    return true;
  }

  async #catchUp(
    since: StreamPosition | undefined,
    announceSync: boolean,
  ): Promise<void> {
    const { connectionId, store, outlet } = this.#options;
    let needsSync = announceSync;
    for (;;) {
      if (outlet.isCongested) await outlet.writable();
      if (outlet.isClosed) return;
      this.#noted = undefined;
      const view = await store.read(connectionId, since, replaySlice);
      if (outlet.isClosed || !this.#admit(view.state?.owner)) return;
      if (needsSync || !view.recovered) this.#sync(view, since);
      needsSync = false;
      for (const event of view.events) outlet.send(encodeTask(event));
      since = endOf(view);
      this.#position = since;
      const isAtEnd = since.offset === view.offset;
      if (isAtEnd && this.#isQuiet()) {
        this.#live = true;
        return;
      }
      await macrotask();
    }
  }

  #sync(view: HistoryView, since: StreamPosition | undefined): void {
    const { connectionId, hub, outlet } = this.#options;
    outlet.send(encodeSync({
      epoch: view.epoch,
      offset: view.recovered && since ? since.offset : view.offset,
      recovered: view.recovered,
      snapshot: view.state?.snapshot,
      watchers: hub.watcherCount(connectionId),
    }));
  }

  #isQuiet(): boolean {
    return this.#noted === undefined || this.#hasSeen(this.#noted);
  }

  #hasSeen({ epoch, event }: StoredEvent): boolean {
    return this.#position?.epoch === epoch &&
      event.offset <= this.#position.offset;
  }

  /** A task's owner is first known with its first event, which may come after its watchers. */
  #admit(owner: string | undefined): boolean {
    const isKnown = this.#position !== undefined && owner === this.#owner;
    this.#owner = owner;
    if (isKnown || this.#options.mayWatch(owner)) return true;
    this.#options.outlet.close(closeCodes.forbidden, {
      code: "forbidden",
      message:
        "This user may not watch this task: connect with a token of the task's user, or one whose 'tasks' claim names it",
    });
    return false;
  }
}

/** The position after the events of a view, or after its snapshot. */
function endOf(view: HistoryView): StreamPosition {
  return {
    epoch: view.epoch,
    offset: view.events.at(-1)?.offset ?? view.offset,
  };
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
