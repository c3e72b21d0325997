import { delay } from "../async/delay.ts";
import {
  encodeMergedTask,
  encodeSync,
  encodeTask,
} from "../protocol/server_frames.ts";
import {
  type HistoryView,
  type StoredEvent,
  StoreDisconnectedError,
} from "../tasks/store.ts";
import { Backlog } from "./backlog.ts";
import { isAtOrBefore, nowhere, type StreamPosition } from "../tasks/event.ts";
import type { Watcher } from "./hub.ts";
import { waitForStore } from "./outage.ts";
import type { Outlet } from "./outlet.ts";
import { describeTask } from "../tasks/snapshot.ts";
import type { TaskWatcherOptions } from "./task_watcher_options.ts";

/** The most events of one slice. */
const maxSliceEvents = 100;

/**
 * The length of JSON that ends a slice, in characters: a slice stays in memory
 * until its reader has taken it, and one event may have 64 KiB of data.
 */
const enoughSliceLength = 32_768;

/** Some events of a history, in order. */
interface Slice {
  readonly epoch: string;
  /** The offset of the newest event when the slice was read. */
  readonly newest: number;
  readonly events: HistoryView["events"];
}

/**
 * Shows one task to one connection: `sync`, then every event after it, in
 * offset order, each once.
 *
 * - *Catching up*, it sends what the store has, and only notes what the hub
 *   brings; that ends in the turn in which nothing noted is left unsent.
 *   Joining, resuming and a new epoch are all this.
 * - *Live*, it passes on what the hub brings.
 * - *Holding*, it keeps that back for a reader that has enough for now, and
 *   merges it where the reader is slow and not just given much in one turn.
 */
export class TaskWatcher implements Watcher {
  readonly #options: TaskWatcherOptions;
  readonly #outlet: Outlet;
  readonly #backlog = new Backlog();
  #mode: "catching up" | "live" | "holding" = "catching up";
  #stopped = false;
  #giveUp: (() => void) | undefined;
  /** The last event sent, or what the last `sync` said. */
  #sent: StreamPosition | undefined;
  /** The last event sent or held. */
  #taken: StreamPosition | undefined;
  /** The newest event that came while catching up. */
  #noted: StreamPosition | undefined;
  /** Whether something may have been missed while catching up. */
  #isOutdated = false;
  #owner: string | undefined;
  /** What came besides since the store was read, before the first `sync`. */
  readonly #notices = new Set<string>();

  constructor(options: TaskWatcherOptions) {
    this.#options = options;
    this.#outlet = options.outlet;
  }

  /**
   * Joins the task and sends what the watcher has missed; where the store is
   * away, once it is back.
   *
   * @param since Where the client resumes; without it only the snapshot is sent.
   * @throws {StoreUnavailableError} When the store can't be read.
   */
  async start(since: StreamPosition | undefined): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#options.hub.join(this.#options.taskId, this);
      await this.#catchUp(since);
    } catch (error) {
      this.#catchUpLater(error, since);
    }
  }

  /** Leaves the task; nothing is sent any more. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp?.();
    this.#backlog.clear();
    this.#options.hub.leave(this.#options.taskId, this);
  }

  /** Asks again whether the one behind the outlet may watch: somebody else may be there now. */
  rejudge(): void {
    if (this.#isOver || this.#sent === undefined) return;
    if (!this.#options.mayWatch(this.#owner)) this.#forbid();
  }

  deliver(stored: StoredEvent, frame: string): boolean {
    if (!this.#admit(stored.owner)) return false;
    const { position } = stored;
    if (this.#mode === "catching up") {
      this.#noted = position;
      return true;
    }
    if (isAtOrBefore(position, this.#taken)) return false;
    const isNext = this.#taken?.epoch === position.epoch &&
      this.#taken.offset + 1 === position.offset;
    const isHolding = this.#mode === "holding";
    if (!isNext || (isHolding && this.#backlog.isFull)) {
      this.refresh();
      return true;
    }
    this.#taken = position;
    if (isHolding) this.#backlog.add(stored.event, frame);
    else if (this.#send(frame, position) !== "sent") {
      this.#inBackground(this.#hold());
    }
    return true;
  }

  notify(frame: string): void {
    // It isn't known yet whether this watcher may know of the task.
    if (this.#sent === undefined) return void this.#notices.add(frame);
    const isFull = this.#outlet.send(frame) === "backlogged";
    if (isFull && this.#mode === "live") this.#inBackground(this.#hold());
  }

  forget(frame: string): void {
    this.#backlog.clear();
    if (this.#sent !== undefined) this.#sent = this.#taken = nowhere;
    this.notify(frame);
  }

  refresh(): void {
    if (this.#mode === "catching up") this.#isOutdated = true;
    else this.#inBackground(this.#catchUpInTime(this.#sent));
  }

  get #isOver(): boolean {
    return this.#stopped || this.#outlet.isClosed;
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error) => this.#outlet.fail(error));
  }

  async #catchUpInTime(since: StreamPosition | undefined): Promise<void> {
    try {
      await this.#catchUp(since);
    } catch (error) {
      this.#catchUpLater(error, since);
    }
  }

  /** Goes on when a store that is away is back; the client can do other things meanwhile. */
  #catchUpLater(error: unknown, since: StreamPosition | undefined): void {
    if (!(error instanceof StoreDisconnectedError)) throw error;
    if (this.#isOver) return;
    const { over, giveUp } = waitForStore(error.restored);
    this.#giveUp = giveUp;
    const catchUp = () => this.#catchUpInTime(this.#sent ?? since);
    this.#inBackground(over.then(catchUp));
  }

  async #catchUp(since: StreamPosition | undefined): Promise<void> {
    let needsSync = this.#sent === undefined;
    this.#mode = "catching up";
    this.#backlog.clear();
    for (;;) {
      await this.#outlet.writable();
      if (this.#isOver) return;
      const newest = await this.#sendSlice(since, needsSync);
      if (newest === undefined || this.#isOver) return;
      needsSync = false;
      since = this.#sent;
      const isAtEnd = since?.offset === newest && !this.#isOutdated;
      if (isAtEnd && (!this.#noted || isAtOrBefore(this.#noted, since))) {
        this.#taken = since;
        this.#mode = "live";
        return;
      }
    }
  }

  /**
   * Reads a slice of history and sends it. The slice is this call's alone: a
   * watcher that then waits for its reader holds nothing of the slice.
   *
   * @returns The offset of the newest event, or `undefined` if nothing may be
   * sent any more.
   */
  async #sendSlice(
    since: StreamPosition | undefined,
    needsSync: boolean,
  ): Promise<number | undefined> {
    const slice = await this.#read(since, needsSync);
    if (slice === undefined) return undefined;
    await this.#replay(slice);
    return slice.newest;
  }

  /**
   * Reads a slice of history, and sends `sync` if it is due. The task's state
   * can be larger than the slice: only `sync` reads the state, and nothing keeps
   * it.
   *
   * @returns `undefined` if nothing may be sent any more.
   */
  async #read(
    since: StreamPosition | undefined,
    needsSync: boolean,
  ): Promise<Slice | undefined> {
    this.#noted = undefined; // the store has it by now
    this.#isOutdated = false;
    this.#notices.clear(); // these, too
    const { taskId, store } = this.#options;
    const bounds = [maxSliceEvents, enoughSliceLength] as const;
    // The first event fixes the owner, so the owner is admitted already.
    if (!needsSync && since && since.offset > 0) {
      const slice = await store.readEvents(taskId, since, ...bounds);
      if (this.#isOver) return undefined;
      const { epoch } = since;
      if (slice) return { epoch, newest: slice.offset, events: slice.events };
    }
    const view = await store.read(taskId, since, ...bounds);
    if (this.#isOver || !this.#admit(view.state?.owner)) return undefined;
    const { epoch, offset, recovered, events } = view;
    if (!recovered && this.#sent?.offset === 0 && since?.epoch !== epoch) {
      // Nothing was missed of a history that has begun since: from its start.
      return this.#read({ epoch, offset: 0 }, true);
    }
    if (needsSync || !recovered) this.#sync(view, since);
    return { epoch, newest: offset, events };
  }

  /** Sends a slice of history as the reader takes it, unless the task is forgotten meanwhile. */
  async #replay({ epoch, events }: Slice): Promise<void> {
    for (const { offset, json } of events) {
      if (this.#outlet.isBacklogged) await this.#outlet.writable();
      if (this.#isOver || this.#sent?.epoch !== epoch) return;
      this.#send(encodeTask(json), { epoch, offset });
    }
  }

  /** Until the reader has taken what was sent, and then what was held. */
  async #hold(): Promise<void> {
    this.#mode = "holding";
    while (this.#mode === "holding") {
      // Within one turn the runtime sends nothing, to a fast reader as well.
      await delay(0);
      if (this.#outlet.isBacklogged) this.#backlog.merge();
      await this.#outlet.writable();
      if (this.#isOver || this.#mode !== "holding") return;
      let isWritable = true;
      while (isWritable) {
        const held = this.#backlog.take();
        if (held === undefined) {
          this.#mode = "live";
          return;
        }
        const { event, skipped } = held;
        const epoch = this.#taken?.epoch ?? "";
        const frame = held.frame ?? encodeMergedTask(event, skipped);
        const outcome = this.#send(frame, { epoch, offset: event.offset });
        if (skipped > 0) this.#options.onMerged?.(skipped);
        isWritable = outcome === "sent";
      }
    }
  }

  #send(frame: string, position: StreamPosition) {
    this.#sent = position;
    return this.#outlet.send(frame);
  }

  #sync(view: HistoryView, since: StreamPosition | undefined): void {
    const { taskId, hub, namesTask, onJoined } = this.#options;
    const { epoch, recovered, state, watchers } = view;
    if (!this.#sent) onJoined?.(since !== undefined, recovered);
    const offset = recovered && since ? since.offset : view.offset;
    const frame = encodeSync({
      ...(namesTask ? { taskId } : {}),
      epoch,
      offset,
      recovered,
      task: state &&
        describeTask(state, watchers ?? hub.watcherCount(taskId)),
    });
    this.#send(frame, { epoch, offset });
    for (const notice of this.#notices) this.#outlet.send(notice);
    this.#notices.clear();
  }

  /** A task's owner is first known with its first event, which may come after its watchers. */
  #admit(owner: string | undefined): boolean {
    const isKnown = this.#sent !== undefined && owner === this.#owner;
    this.#owner = owner;
    if (isKnown || this.#options.mayWatch(owner)) return true;
    this.#forbid();
    return false;
  }

  #forbid(): void {
    this.stop();
    this.#options.onForbidden();
  }
}
