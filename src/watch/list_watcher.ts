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
  type TaskList,
} from "../tasks/store.ts";
import type { Topic } from "../tasks/topic.ts";
import type { Hub } from "./hub.ts";
import {
  ListedTask,
  type ListedVersion,
  type TopicFollower,
} from "./list_hub.ts";
import { waitForStore } from "./outage.ts";
import type { Outlet } from "./outlet.ts";

/**
 * The characters of JSON to send at once after a list was read: the remaining
 * tasks follow one by one, at the reader's speed.
 */
const enoughListLength = 262_144;

/**
 * The most noted tasks of a reader that is slow, or being sent the list. Beyond,
 * the whole list is read again.
 */
const maxNoted = 1_000;

/**
 * The most characters of JSON to hold for a reader: the burst of a turn, which
 * even a fast reader can't take at once. The store has the remaining tasks.
 */
const maxHeldLength = 65_536;

/** The tasks of a further page: the client may not watch most of the first. */
const pageSize = 500;

/**
 * The most tasks skipped per list because the client may not watch them: a
 * `tasks` claim may cover few of many tasks.
 */
const maxSkipped = 5_000;

/**
 * The checks until a list with doubts about the order is read again. Each new
 * doubt starts over: a busy list is not read at all.
 */
const checksInDoubt = 2;

/** Options of a {@linkcode ListWatcher}. */
export interface ListWatcherOptions {
  /** The client's name for the list. */
  readonly name: string;
  /** A topic of all tasks of the list. */
  readonly topic: Topic;
  readonly selection: Omit<ListQuery, "cursor">;
  readonly store: Pick<Store, "list" | "read">;
  readonly hub: Hub;
  readonly outlet: Outlet;
  /** True for the snapshots of operators. @default {false} */
  readonly isForOperator?: boolean;
  /** Returns true if the client may watch the task at present. */
  readonly mayWatch: (taskId: string, task: TaskAudience) => boolean;
}

/** A task read for the list. */
interface FoundTask {
  readonly version: ListedVersion;
  /** The snapshot to send; absent if the client has the version, or gets it later. */
  readonly json?: string;
}

/**
 * Shows a list of tasks to one connection: `list`, then changes. Once changes
 * cease, the client has the same tasks as the store.
 *
 * - *Catching up*: reads the store, and notes the tasks that change, until no
 *   noted task is unsent. Joining, lost announcements and a slow reader all lead
 *   here; noting a task twice merges the changes.
 * - *Live*: forwards changes from the hub.
 */
export class ListWatcher implements TopicFollower {
  readonly #options: ListWatcherOptions;
  /** The tasks that the client has. */
  readonly #shown: Map<string, ListedVersion>;
  /** The tasks to send while catching up; `undefined` for a task to read. */
  readonly #noted = new Map<string, ListedTask | undefined>();
  /** The length of the noted tasks. */
  #heldLength = 0;
  #isCatchingUp = true;
  /** True if the whole list has to be read. */
  #isOutdated = false;
  #isListed = false;
  /** True if the store may have more tasks than the list. */
  #hasMore = false;
  /** True if a task beyond the limit should take the place of a removed task. */
  #isShort = false;
  /** True if a task has taken such a place since the last check. */
  #isFilled = false;
  /** The checks until the list is read again; 0 without a doubt about the order. */
  #checksInDoubt = 0;
  #stopped = false;
  #giveUp: (() => void) | undefined;

  /** @param before The list to replace: until then, the client has its tasks. */
  constructor(options: ListWatcherOptions, before?: ListWatcher) {
    this.#options = options;
    this.#shown = new Map(before ? before.#shown : []);
  }

  /** True after {@linkcode ListWatcher.stop}. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /**
   * Sends the list, if necessary after an outage of the store.
   *
   * @throws {StoreUnavailableError} If the store can't be read.
   */
  async start(): Promise<void> {
    if (this.#isOver) return;
    try {
      const { hub, topic } = this.#options;
      await hub.lists.join(topic, this);
      await this.#readAll();
    } catch (error) {
      return this.#catchUpLater(error);
    }
    // Changes may arrive as fast as they are read.
    this.#catchUpInBackground();
  }

  /** Leaves the topic and sends no more frames. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp?.();
    this.#clearNoted();
    const { hub, topic } = this.#options;
    hub.lists.leave(topic, this);
  }

  /** Takes from the client the tasks that may not be watched any more. */
  removeForbidden(): void {
    for (const [taskId, task] of this.#shown) {
      if (!this.#options.mayWatch(taskId, task)) this.#sendRemove(taskId);
    }
  }

  /** Takes all tasks from the client. */
  removeAll(): void {
    for (const taskId of this.#shown.keys()) this.#sendRemove(taskId);
  }

  update(task: ListedTask): void {
    if (this.#isOver) return;
    if (this.#isCatchingUp) this.#note(task.id, task);
    else this.#apply(task);
    this.#catchUpIfNeeded();
  }

  remove(taskId: string): void {
    if (this.#isOver) return;
    if (this.#isCatchingUp) this.#note(taskId);
    else this.#drop(taskId);
    this.#catchUpIfNeeded();
  }

  refresh(): void {
    this.#isOutdated = true;
    this.#catchUpIfNeeded();
  }

  check(oldestKeptMs: number): void {
    const isDue = this.#isShort || this.#checksInDoubt === 1;
    this.#isFilled = false;
    this.#checksInDoubt = Math.max(0, this.#checksInDoubt - 1);
    // The store's clock decides if a task has expired.
    const hasExpired = this.#shown.values().some(({ updatedAtMs }) =>
      updatedAtMs <= oldestKeptMs
    );
    if (isDue || hasExpired) this.refresh();
  }

  get #isOver(): boolean {
    return this.#stopped || this.#options.outlet.isClosed;
  }

  #note(taskId: string, task?: ListedTask): void {
    if (this.#noted.size >= maxNoted && !this.#noted.has(taskId)) {
      this.#isOutdated = true;
      return;
    }
    this.#heldLength -= this.#noted.get(taskId)?.json.length ?? 0;
    const length = task?.json.length ?? 0;
    const fits = this.#heldLength + length <= maxHeldLength;
    this.#noted.set(taskId, fits ? task : undefined);
    if (fits) this.#heldLength += length;
  }

  #clearNoted(): void {
    this.#noted.clear();
    this.#heldLength = 0;
  }

  #catchUpIfNeeded(): void {
    if (this.#isCatchingUp || this.#isOver) return;
    if (!this.#isOutdated && !this.#options.outlet.isBacklogged) return;
    this.#catchUpInBackground();
  }

  #catchUpInBackground(): void {
    this.#catchUp()
      .catch((error) => this.#catchUpLater(error))
      .catch((error) => this.#options.outlet.fail(error));
  }

  /** Catches up once a disconnected store is back, without blocking. */
  #catchUpLater(error: unknown): void {
    if (!(error instanceof StoreDisconnectedError)) throw error;
    if (this.#isOver) return;
    const { over, giveUp } = waitForStore(error.restored);
    this.#giveUp = giveUp;
    this.#isOutdated = true;
    over.then(() => this.#catchUpInBackground());
  }

  async #catchUp(): Promise<void> {
    const { outlet } = this.#options;
    this.#isCatchingUp = true;
    for (;;) {
      if (outlet.isBacklogged) await outlet.writable();
      if (this.#isOver) return;
      if (this.#isOutdated) await this.#readAll();
      else {
        const [next] = this.#noted;
        if (next === undefined) break;
        const [taskId, task] = next;
        this.#noted.delete(taskId);
        this.#heldLength -= task?.json.length ?? 0;
        if (task) this.#apply(task);
        else await this.#read(taskId);
      }
    }
    this.#isCatchingUp = false;
  }

  async #read(taskId: string): Promise<void> {
    const { store, hub } = this.#options;
    const { state, watchers } = await store.read(taskId);
    if (this.#isOver) return;
    if (state === undefined) this.#drop(taskId);
    else {
      const count = watchers ?? hub.watcherCount(taskId);
      this.#apply(new ListedTask(state, count));
    }
  }

  /** Reads the list; sends the list, or later the differences. */
  async #readAll(): Promise<void> {
    this.#clearNoted(); // stored before the read
    this.#isOutdated = false;
    this.#isShort = false;
    this.#checksInDoubt = 0;
    const found = await this.#findAll();
    if (this.#isOver) return;
    if (this.#isListed) this.#sendDifferences(found);
    else this.#sendList(found);
  }

  /** Finds the tasks of the list, newest change first. */
  async #findAll(): Promise<Map<string, FoundTask>> {
    const { selection, selection: { limit }, store, hub } = this.#options;
    const found = new Map<string, FoundTask>();
    let length = 0;
    let skipped = 0;
    let cursor: number | undefined;
    do {
      // A surplus task after the list shows if the list is complete.
      const page: TaskList = await store.list(
        cursor === undefined
          ? { ...selection, limit: limit + 1 }
          : { ...selection, limit: pageSize, cursor },
      );
      if (this.#isOver) return found;
      for (const [index, state] of page.states.entries()) {
        const id = state.snapshot.connection_id;
        if (!this.#matches(state)) skipped += 1;
        else if (!found.has(id)) {
          if (found.size === limit) {
            this.#hasMore = true;
            return found;
          }
          const count = page.watchers?.[index] ?? hub.watcherCount(id);
          const task = this.#prepare(new ListedTask(state, count), length);
          length += task.json?.length ?? 0;
          found.set(id, task);
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined && skipped < maxSkipped);
    this.#hasMore = cursor !== undefined;
    return found;
  }

  /**
   * Encodes a task if the client does not have the version.
   *
   * @param length The length of the tasks encoded before.
   */
  #prepare(task: ListedTask, length: number): FoundTask {
    const { id, version } = task;
    if (this.#isListed && isSame(this.#shown.get(id), version)) {
      return { version };
    }
    if (length < enoughListLength) return { version, json: this.#encode(task) };
    this.#note(id);
    return { version };
  }

  #sendList(found: ReadonlyMap<string, FoundTask>): void {
    const { name, outlet } = this.#options;
    const texts: string[] = [];
    this.#shown.clear(); // replaced
    for (const [taskId, { version, json }] of found) {
      if (json === undefined) continue;
      this.#shown.set(taskId, version);
      texts.push(json);
    }
    this.#isListed = true;
    outlet.send(encodeList(name, texts, !this.#hasMore));
  }

  #sendDifferences(found: ReadonlyMap<string, FoundTask>): void {
    for (const taskId of this.#shown.keys()) {
      if (!found.has(taskId)) this.#sendRemove(taskId);
    }
    // The newest change comes last, as in live updates.
    for (const [taskId, { version, json }] of [...found].reverse()) {
      if (json !== undefined) this.#sendUpdate(taskId, version, json);
    }
  }

  /** Adds, updates or removes a task. */
  #apply(task: ListedTask): void {
    const { id, version } = task;
    if (!this.#matches(task.state)) return this.#drop(id);
    const before = this.#shown.get(id);
    // A list read in the meantime is newer than a merged change.
    if (isSame(before, version) || isOlder(version, before)) return;
    if (before !== undefined || this.#makeRoom(version)) {
      this.#sendUpdate(id, version, this.#encode(task));
    }
  }

  /**
   * Removes the oldest task from a full list.
   *
   * @returns False if the new task is still older.
   */
  #makeRoom({ updatedAtMs }: ListedVersion): boolean {
    if (this.#shown.size < this.#options.selection.limit) return true;
    this.#hasMore = true;
    let oldestId = "";
    let oldestMs = Infinity;
    let isTied = false;
    for (const [taskId, shown] of this.#shown) {
      if (shown.updatedAtMs > oldestMs) continue;
      isTied = shown.updatedAtMs === oldestMs;
      oldestMs = shown.updatedAtMs;
      oldestId = taskId;
    }
    // Only the store knows the order of changes within a millisecond.
    if (isTied || updatedAtMs === oldestMs) this.#checksInDoubt = checksInDoubt;
    if (updatedAtMs < oldestMs) return false;
    this.#sendRemove(oldestId);
    return true;
  }

  /** Removes a task; a task beyond the limit may take the place. */
  #drop(taskId: string): void {
    if (!this.#shown.has(taskId)) return;
    this.#sendRemove(taskId);
    if (!this.#hasMore) return;
    // Reading the list for each of many removed tasks would cost too much.
    if (this.#isFilled) this.#isShort = true;
    else this.#isFilled = this.#isOutdated = true;
  }

  #sendUpdate(taskId: string, version: ListedVersion, json: string): void {
    const { name, outlet } = this.#options;
    this.#shown.set(taskId, version);
    outlet.send(encodeListUpdate(name, json));
  }

  #encode(task: ListedTask): string {
    return this.#options.isForOperator ? task.operatorJson : task.json;
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

function isSame(
  one: ListedVersion | undefined,
  other: ListedVersion,
): boolean {
  return one?.epoch === other.epoch && one.offset === other.offset &&
    one.isCancelRequested === other.isCancelRequested;
}

/** True if a change was shown already, together with a later change. */
function isOlder(
  change: ListedVersion,
  shown: ListedVersion | undefined,
): boolean {
  if (shown?.epoch !== change.epoch) return false;
  // A request to cancel stays until a later event.
  return shown.offset > change.offset ||
    (shown.offset === change.offset && shown.isCancelRequested);
}
