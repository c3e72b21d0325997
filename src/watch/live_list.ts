import {
  encodeList,
  encodeListRemove,
  encodeListUpdate,
} from "../protocol/server_frames.ts";
import type { TaskState } from "../tasks/state.ts";
import {
  type ListQuery,
  type Store,
  StoreDisconnectedError,
  type TaskAudience,
} from "../tasks/store.ts";
import type { Topic } from "../tasks/topic.ts";
import type { Hub } from "./hub.ts";
import { ListedTask, type TopicFollower } from "./list_hub.ts";
import { waitForStore } from "./outage.ts";
import type { Outlet } from "./outlet.ts";

/**
 * The length of the tasks in a `list` frame, in characters of JSON: larger lists
 * go on with `list_update` frames, at the reader's speed.
 */
const enoughListLength = 262_144;

/**
 * The most noted tasks of a reader that is slow, or being sent the list. Beyond,
 * the whole list is read again.
 */
const maxNoted = 1_000;

/** The most pages of the store to read: a token may cover few of many tasks. */
const maxPages = 10;

/** Options of a {@linkcode LiveList}. */
export interface LiveListOptions {
  /** The client's name for the list. */
  readonly name: string;
  /** A topic of all tasks of the list. */
  readonly topic: Topic;
  readonly selection: Omit<ListQuery, "cursor">;
  readonly store: Pick<Store, "list" | "read">;
  readonly hub: Hub;
  readonly outlet: Outlet;
  /** Returns true if the client may watch the task at present. */
  readonly mayWatch: (taskId: string, task: TaskAudience) => boolean;
}

/** A task that the client has in the list. */
interface Shown extends TaskAudience {
  readonly epoch: string;
  readonly offset: number;
  readonly isCancelRequested: boolean;
  readonly updatedAtMs: number;
}

/**
 * Shows a list of tasks to one connection: `list`, then changes.
 *
 * - *Catching up*: reads the store, and only notes the tasks that change, until
 *   no noted task is unsent. Joining, lost announcements and a slow reader all
 *   lead here; noting a task twice merges the changes.
 * - *Live*: forwards changes from the hub.
 */
export class LiveList implements TopicFollower {
  readonly #options: LiveListOptions;
  /** The tasks that the client has, the oldest change first. */
  #shown = new Map<string, Shown>();
  /** Tasks to read while catching up. */
  readonly #noted = new Set<string>();
  #isCatchingUp = true;
  /** True if the whole list has to be read. */
  #isOutdated = true;
  #isListed = false;
  /** True if the store may have more tasks than the list. */
  #hasMore = false;
  #stopped = false;
  #giveUp: (() => void) | undefined;

  constructor(options: LiveListOptions) {
    this.#options = options;
  }

  /**
   * Sends the list, if necessary after an outage of the store.
   *
   * @throws {StoreUnavailableError} If the store can't be read.
   */
  async start(): Promise<void> {
    try {
      const { hub, topic } = this.#options;
      await hub.lists.join(topic, this);
      await this.#catchUp();
    } catch (error) {
      this.#catchUpLater(error);
    }
  }

  /** Leaves the topic and sends no more frames. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp?.();
    this.#noted.clear();
    const { hub, topic } = this.#options;
    hub.lists.leave(topic, this);
  }

  /** Takes from the client the tasks that may not be watched any more. */
  removeForbidden(): void {
    for (const [taskId, task] of this.#shown) {
      if (!this.#options.mayWatch(taskId, task)) this.#sendRemove(taskId);
    }
  }

  update(task: ListedTask): void {
    const taskId = task.state.snapshot.connection_id;
    if (this.#isCatchingUp) this.#note(taskId);
    else this.#apply(taskId, task);
    this.#catchUpIfNeeded();
  }

  remove(taskId: string): void {
    if (this.#isCatchingUp) this.#note(taskId);
    else this.#drop(taskId);
    this.#catchUpIfNeeded();
  }

  refresh(): void {
    this.#isOutdated = true;
    this.#catchUpIfNeeded();
  }

  removeExpired(oldestKeptMs: number): void {
    if (this.#isCatchingUp) return;
    for (const [taskId, { updatedAtMs }] of this.#shown) {
      if (updatedAtMs >= oldestKeptMs) break;
      this.#drop(taskId);
    }
    this.#catchUpIfNeeded();
  }

  get #isOver(): boolean {
    return this.#stopped || this.#options.outlet.isClosed;
  }

  #note(taskId: string): void {
    if (this.#noted.size < maxNoted) this.#noted.add(taskId);
    else this.#isOutdated = true;
  }

  /** Catches up in the background, unless live. */
  #catchUpIfNeeded(): void {
    if (this.#isCatchingUp || this.#isOver) return;
    const { outlet } = this.#options;
    if (!this.#isOutdated && !outlet.isBacklogged) return;
    this.#isCatchingUp = true;
    this.#catchUp()
      .catch((error) => this.#catchUpLater(error))
      .catch((error) => outlet.fail(error));
  }

  /** Catches up once a disconnected store is back, without blocking. */
  #catchUpLater(error: unknown): void {
    if (!(error instanceof StoreDisconnectedError)) throw error;
    if (this.#isOver) return;
    const { over, giveUp } = waitForStore(error.restored);
    this.#giveUp = giveUp;
    this.#isOutdated = true;
    over.then(() => this.#catchUp())
      .catch((error) => this.#catchUpLater(error))
      .catch((error) => this.#options.outlet.fail(error));
  }

  async #catchUp(): Promise<void> {
    const { outlet, store, hub } = this.#options;
    for (;;) {
      if (outlet.isBacklogged) await outlet.writable();
      if (this.#isOver) return;
      if (this.#isOutdated) {
        this.#isOutdated = false;
        this.#noted.clear();
        await this.#readAll();
        continue;
      }
      const [taskId] = this.#noted;
      if (taskId === undefined) {
        this.#isCatchingUp = false;
        return;
      }
      this.#noted.delete(taskId);
      const { state, watchers } = await store.read(taskId);
      if (this.#isOver) return;
      if (state === undefined) this.#drop(taskId);
      else {
        this.#apply(
          taskId,
          new ListedTask(state, watchers ?? hub.watcherCount(taskId)),
        );
      }
    }
  }

  /** Reads the list, and sends the client the differences. */
  async #readAll(): Promise<void> {
    const { selection: { limit, ...selection }, store, hub, outlet } =
      this.#options;
    const found = new Map<string, Shown>();
    let cursor: number | undefined;
    let pages = 0;
    do {
      const page = await store.list({
        ...selection,
        limit: limit - found.size,
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (this.#isOver) return;
      cursor = page.cursor;
      const tasks = page.states.map((state, index) =>
        new ListedTask(
          state,
          page.watchers?.[index] ??
            hub.watcherCount(state.snapshot.connection_id),
        )
      ).filter(({ state }) => this.#matches(state));
      if (!this.#isListed) this.#sendList(tasks, cursor === undefined);
      for (const task of tasks) {
        const taskId = task.state.snapshot.connection_id;
        const shown = describeShown(task.state);
        found.set(taskId, shown);
        if (isSame(this.#shown.get(taskId), shown)) continue;
        if (outlet.isBacklogged) await outlet.writable();
        if (this.#isOver) return;
        this.#sendUpdate(taskId, shown, task);
      }
      pages += 1;
    } while (cursor !== undefined && found.size < limit && pages < maxPages);
    this.#hasMore = cursor !== undefined;
    for (const taskId of this.#shown.keys()) {
      if (!found.has(taskId)) this.#sendRemove(taskId);
    }
    this.#shown = new Map([...found].reverse());
  }

  /** Sends the first frame, with as many tasks as a frame should have. */
  #sendList(tasks: readonly ListedTask[], isComplete: boolean): void {
    const { name, outlet } = this.#options;
    const texts: string[] = [];
    let length = 0;
    for (const { state, json } of tasks) {
      if (length >= enoughListLength) break;
      length += json.length;
      texts.push(json);
      this.#shown.set(state.snapshot.connection_id, describeShown(state));
    }
    this.#isListed = true;
    outlet.send(encodeList(name, texts, isComplete));
  }

  /** Adds, updates or removes a task. */
  #apply(taskId: string, task: ListedTask): void {
    if (!this.#matches(task.state)) return this.#drop(taskId);
    const shown = describeShown(task.state);
    const before = this.#shown.get(taskId);
    // A list read in the meantime is newer than a merged change.
    if (isSame(before, shown) || isOlder(shown, before)) return;
    this.#sendUpdate(taskId, shown, task);
    if (this.#shown.size <= this.#options.selection.limit) return;
    const [oldest = taskId] = this.#shown.keys();
    this.#sendRemove(oldest);
    this.#hasMore = true;
  }

  /** Removes a task; a task beyond the limit may take the place. */
  #drop(taskId: string): void {
    if (!this.#shown.has(taskId)) return;
    this.#sendRemove(taskId);
    if (this.#hasMore) this.#isOutdated = true;
  }

  #sendUpdate(taskId: string, shown: Shown, { json }: ListedTask): void {
    const { name, outlet } = this.#options;
    this.#shown.delete(taskId); // the newest change comes last
    this.#shown.set(taskId, shown);
    outlet.send(encodeListUpdate(name, json));
  }

  #sendRemove(taskId: string): void {
    const { name, outlet } = this.#options;
    this.#shown.delete(taskId);
    outlet.send(encodeListRemove(name, taskId));
  }

  #matches({ owner, snapshot }: TaskState): boolean {
    const { selection, mayWatch } = this.#options;
    const { connection_id: taskId, labels, status } = snapshot;
    return (selection.owner === undefined || selection.owner === owner) &&
      (selection.labels?.every((label) => labels?.includes(label)) ?? true) &&
      (selection.statuses?.includes(status) ?? true) &&
      mayWatch(taskId, { owner, labels });
  }
}

function describeShown({ owner, snapshot, cancelRequested }: TaskState): Shown {
  const { epoch, offset, labels, updated_at } = snapshot;
  return {
    epoch,
    offset,
    isCancelRequested: cancelRequested ?? false,
    updatedAtMs: Date.parse(updated_at),
    owner,
    labels,
  };
}

function isSame(one: Shown | undefined, other: Shown): boolean {
  return one?.epoch === other.epoch && one.offset === other.offset &&
    one.isCancelRequested === other.isCancelRequested;
}

/** True if a change was shown already, together with a later change. */
function isOlder(change: Shown, shown: Shown | undefined): boolean {
  return shown?.epoch === change.epoch && shown.offset > change.offset;
}
