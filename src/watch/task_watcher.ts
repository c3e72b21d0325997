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
  type TaskAudience,
} from "../tasks/store.ts";
import { Backlog } from "./backlog.ts";
import { isAtOrBefore, nowhere, type StreamPosition } from "../tasks/event.ts";
import type { Watcher } from "./hub.ts";
import { waitForStore } from "./outage.ts";
import type { Outlet } from "./outlet.ts";
import { describeTask } from "../tasks/snapshot.ts";
import type { TaskWatcherOptions } from "./task_watcher_options.ts";

/** The most events per slice. */
const maxSliceEvents = 100;

/**
 * The characters of JSON after which a slice ends: the whole slice stays in
 * memory until the reader has taken it, and a single event may have 64 KiB of
 * data.
 */
const enoughSliceLength = 32_768;

/** Consecutive events of a history. */
interface Slice {
  readonly epoch: string;
  /** The newest offset of the task when the slice was read. */
  readonly newest: number;
  readonly events: HistoryView["events"];
}

/**
 * Shows one task to one connection: `sync`, then every later event, in offset
 * order, each once.
 *
 * - *Catching up*: sends history from the store, and only notes the positions
 *   of events from the hub, until no noted event is unsent. Joining, resuming
 *   and a new epoch all begin here.
 * - *Live*: forwards events from the hub.
 * - *Holding*: keeps events back from a backlogged reader. Events are merged if
 *   the reader is slow, but not after a mere burst within one turn.
 */
export class TaskWatcher implements Watcher {
  readonly #options: TaskWatcherOptions;
  readonly #outlet: Outlet;
  /** The events held for a slow reader; most readers never need a backlog. */
  #backlog: Backlog | undefined;
  #mode: "catching up" | "live" | "holding" = "catching up";
  #stopped = false;
  #giveUp: (() => void) | undefined;
  /** The position of the last event or `sync` sent. */
  #sent: StreamPosition | undefined;
  /** The position of the last event sent or held. */
  #taken: StreamPosition | undefined;
  /** The newest position noted while catching up. */
  #noted: StreamPosition | undefined;
  /** True if announcements may have been lost while catching up. */
  #isOutdated = false;
  #owner: string | undefined;
  #labels: readonly string[] | undefined;
  /** Frames outside the history that arrived before the first `sync`. */
  #notices: Set<string> | undefined;

  constructor(options: TaskWatcherOptions) {
    this.#options = options;
    this.#outlet = options.outlet;
  }

  /**
   * Joins the task and sends the missed events, if necessary after an outage of
   * the store.
   *
   * @param since The client's last position; without a position only the
   * snapshot is sent.
   * @throws {StoreUnavailableError} If the store can't be read.
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

  /** Leaves the task and sends no more frames. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp?.();
    this.#backlog?.clear();
    this.#options.hub.leave(this.#options.taskId, this);
  }

  /** Checks again if the user may watch: the user may have changed. */
  recheckAccess(): void {
    if (this.#isOver || this.#sent === undefined) return;
    const task = { owner: this.#owner, labels: this.#labels };
    if (!this.#mayWatch(task)) this.#forbid();
  }

  deliver(stored: StoredEvent, frame: string): boolean {
    if (!this.#admit(stored)) return false;
    const { position } = stored;
    if (this.#mode === "catching up") {
      this.#noted = position;
      return true;
    }
    if (isAtOrBefore(position, this.#taken)) return false;
    const isNext = this.#taken?.epoch === position.epoch &&
      this.#taken.offset + 1 === position.offset;
    const isHolding = this.#mode === "holding";
    if (!isNext || (isHolding && this.#held.isFull)) {
      this.refresh();
      return true;
    }
    this.#taken = position;
    if (isHolding) this.#held.add(stored.event, frame);
    else if (this.#send(frame, position) !== "sent") {
      this.#inBackground(this.#hold());
    }
    return true;
  }

  notify(frame: string): void {
    // Before `sync` the user may not be allowed to know the task.
    if (this.#sent === undefined) {
      this.#notices ??= new Set();
      this.#notices.add(frame);
      return;
    }
    const isFull = this.#outlet.send(frame) === "backlogged";
    if (isFull && this.#mode === "live") this.#inBackground(this.#hold());
  }

  forget(frame: string): void {
    this.#backlog?.clear();
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

  /** Catches up once a disconnected store is back, without blocking. */
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
    this.#backlog?.clear();
    for (;;) {
      if (this.#outlet.isBacklogged) await this.#outlet.writable();
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
   * Reads and sends a slice of history. Only this call holds the slice, so a
   * watcher waiting for its reader keeps no slice in memory.
   *
   * @returns The offset of the newest event, or `undefined` if no more frames
   * may be sent.
   */
  async #sendSlice(
    since: StreamPosition | undefined,
    needsSync: boolean,
  ): Promise<number | undefined> {
    const slice = await this.#read(since, needsSync);
    if (slice === undefined) return undefined;
    if (slice.events.length > 0) await this.#replay(slice);
    return slice.newest;
  }

  /**
   * Reads a slice of history, and sends `sync` if due. The task's state can be
   * larger than the slice, so only `sync` reads the state, and the state is not
   * kept.
   *
   * @returns `undefined` if no more frames may be sent.
   */
  async #read(
    since: StreamPosition | undefined,
    needsSync: boolean,
  ): Promise<Slice | undefined> {
    this.#noted = undefined; // stored before the read
    this.#isOutdated = false;
    this.#notices = undefined; // likewise
    const { taskId, store } = this.#options;
    const bounds = [maxSliceEvents, enoughSliceLength] as const;
    // The first event fixes owner and labels, so the user is admitted already.
    if (!needsSync && since && since.offset > 0) {
      const slice = await store.readEvents(taskId, since, ...bounds);
      if (this.#isOver) return undefined;
      const { epoch } = since;
      if (slice) return { epoch, newest: slice.offset, events: slice.events };
    }
    const view = await store.read(taskId, since, ...bounds);
    if (this.#isOver) return undefined;
    const { owner, snapshot } = view.state ?? {};
    if (!this.#admit({ owner, labels: snapshot?.labels })) return undefined;
    const { epoch, offset, recovered, events } = view;
    if (!recovered && this.#sent?.offset === 0 && since?.epoch !== epoch) {
      // The history began after the client's `sync`, so its first event is
      // still to be sent.
      return this.#read({ epoch, offset: 0 }, true);
    }
    if (needsSync || !recovered) this.#sync(view, since);
    return { epoch, newest: offset, events };
  }

  /** Sends a slice at the reader's speed; stops if the task is deleted. */
  async #replay({ epoch, events }: Slice): Promise<void> {
    for (const { offset, json } of events) {
      if (this.#outlet.isBacklogged) await this.#outlet.writable();
      if (this.#isOver || this.#sent?.epoch !== epoch) return;
      this.#send(encodeTask(json), { epoch, offset });
    }
  }

  /** Waits for the reader, then sends the held events. */
  async #hold(): Promise<void> {
    this.#mode = "holding";
    while (this.#mode === "holding") {
      // Within one turn the runtime sends nothing, even to a fast reader.
      await delay(0);
      if (this.#outlet.isBacklogged) this.#held.merge();
      await this.#outlet.writable();
      if (this.#isOver || this.#mode !== "holding") return;
      let isWritable = true;
      while (isWritable) {
        const held = this.#held.take();
        if (held === undefined) {
          this.#mode = "live";
          return;
        }
        const { event, skipped } = held;
        const epoch = this.#taken?.epoch ?? "";
        const frame = held.frame ?? encodeMergedTask(event, skipped);
        const outcome = this.#send(frame, { epoch, offset: event.offset });
        if (skipped > 0) this.#options.audience.onMerged?.(skipped);
        isWritable = outcome === "sent";
      }
    }
  }

  #send(frame: string, position: StreamPosition) {
    this.#sent = position;
    return this.#outlet.send(frame);
  }

  #sync(view: HistoryView, since: StreamPosition | undefined): void {
    const { taskId, hub, namesTask, audience } = this.#options;
    const { epoch, recovered, state, watchers } = view;
    if (!this.#sent) audience.onJoined?.(since !== undefined, recovered);
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
    for (const notice of this.#notices ?? []) this.#outlet.send(notice);
    this.#notices = undefined;
  }

  /**
   * A task's owner and labels become known with the first event, which may come
   * after the first watchers. Lists of labels are compared by identity: a list
   * read again is judged again.
   */
  #admit(task: TaskAudience): boolean {
    const { owner, labels } = task;
    const isKnown = this.#sent !== undefined && owner === this.#owner &&
      labels === this.#labels;
    this.#owner = owner;
    this.#labels = labels;
    if (isKnown || this.#mayWatch(task)) return true;
    this.#forbid();
    return false;
  }

  #mayWatch(task: TaskAudience): boolean {
    const { audience, taskId } = this.#options;
    return audience.mayWatch(taskId, task);
  }

  #forbid(): void {
    this.stop();
    const { audience, taskId, namesTask = false } = this.#options;
    audience.onForbidden(taskId, namesTask);
  }

  get #held(): Backlog {
    return this.#backlog ??= new Backlog();
  }
}
