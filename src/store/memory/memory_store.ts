import { takePage } from "../list_page.ts";
import { settle } from "../../async/settle.ts";
import type { StreamPosition, TaskEvent } from "../../tasks/event.ts";
import { applyChange, type Change, type TaskState } from "../../tasks/state.ts";
import { MemoryHistory } from "./history.ts";
import { TaskIndex } from "./task_index.ts";
import {
  amountsOf,
  type Announce,
  announceDeletion,
  announceEvent,
  announceSilently,
  type HistorySlice,
  type HistoryView,
  isCancelRequest,
  type ListQuery,
  type Publication,
  type PublishOutcome,
  type Retention,
  silentAnnouncements,
  type Store,
  type TaskList,
} from "../../tasks/store.ts";

/** A task with the kept part of the history. */
interface Task {
  state: TaskState;
  readonly history: MemoryHistory;
  /** The store's change number at the task's last event. */
  changedAt: number;
  expiresAtMs: number;
}

/**
 * Makes a store in memory: the fastest store, but all tasks are lost when the
 * process ends.
 *
 * @param retention The amount of history to keep.
 * @param announce Called for every stored change.
 */
export function createMemoryStore(
  retention: Retention,
  announce: Announce,
): Store {
  return new MemoryStore(retention, announce);
}

class MemoryStore implements Store {
  readonly #tasks = new Map<string, Task>();
  readonly #index = new TaskIndex<Task>();
  /** Walks over a few tasks per publish or read; deletes expired tasks. */
  #sweep = this.#tasks.entries();
  readonly #retention: Retention;
  readonly #announce: Announce;
  /**
   * The epoch of new histories. Changed at every deletion, to give a new task
   * under an old id a new epoch.
   */
  #epoch = crypto.randomUUID();
  #changes = 0;

  constructor(retention: Retention, announce: Announce) {
    this.#retention = retention;
    this.#announce = announce;
  }

  publish(taskId: string, change: Change): Promise<PublishOutcome> {
    return Promise.resolve(this.#publish(taskId, change));
  }

  publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]> {
    return Promise.resolve(
      publications.map(({ taskId, change }) =>
        settle(() => this.#publish(taskId, change))
      ),
    );
  }

  read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit = Infinity,
    enough = Infinity,
  ): Promise<HistoryView> {
    this.#forgetExpired();
    const task = this.#find(taskId);
    const epoch = task?.state.snapshot.epoch ?? this.#epoch;
    const offset = task?.state.snapshot.offset ?? 0;
    const oldest = Math.max(0, offset - this.#retention.historyLimit);
    const from = since === "oldest" ? { epoch, offset: oldest } : since;
    const recovered = from !== undefined && from.epoch === epoch &&
      from.offset <= offset && from.offset >= oldest;
    const events = task && recovered
      ? task.history.after(from.offset, limit, enough)
      : [];
    return Promise.resolve({
      epoch,
      offset,
      state: task?.state,
      recovered,
      events,
    });
  }

  async readEvents(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): Promise<HistorySlice | undefined> {
    const view = await this.read(taskId, since, limit, enough);
    const { state, recovered, offset, events } = view;
    return state && recovered ? { offset, events } : undefined;
  }

  list(query: ListQuery): Promise<TaskList> {
    const { statuses, owner, labels = [], limit, cursor = Infinity } = query;
    const now = performance.now();
    const candidates = this.#index.find(owner, labels) ?? this.#tasks.values();
    const tasks = [...candidates].filter((task) =>
      task.changedAt < cursor && task.expiresAtMs > now &&
      (statuses?.includes(task.state.snapshot.status) ?? true)
    ).sort((a, b) => b.changedAt - a.changedAt);
    const { page, hasMore } = takePage(
      tasks,
      limit,
      ({ state }) => JSON.stringify(state).length,
    );
    const last = page.at(-1);
    return Promise.resolve({
      states: page.map(({ state }) => state),
      ...(last && hasMore ? { cursor: last.changedAt } : {}),
    });
  }

  forget(taskId: string, epoch?: string): Promise<boolean> {
    const state = this.#find(taskId)?.state;
    const known = state?.snapshot.epoch;
    if (state === undefined || known !== (epoch ?? known)) {
      return Promise.resolve(false);
    }
    this.#delete(taskId);
    announceDeletion(this.#announce, state);
    return Promise.resolve(true);
  }

  /** No-op: all watchers are in this process, and all changes are announced. */
  watch(): Promise<void> {
    return Promise.resolve();
  }

  /** No-op, likewise. */
  follow(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#tasks.clear();
    this.#index.clear();
    return Promise.resolve();
  }

  #publish(taskId: string, change: Change): PublishOutcome {
    this.#forgetExpired();
    const task = this.#find(taskId);
    const eventId = "kind" in change ? undefined : change.event_id;
    const earlier = eventId === undefined
      ? undefined
      : task?.history.findOffset(eventId);
    if (task && earlier !== undefined) {
      return {
        kind: "duplicate",
        epoch: task.state.snapshot.epoch,
        offset: earlier,
        cancelRequested: task.state.cancelRequested ?? false,
      };
    }
    const result = applyChange(task?.state, change, {
      taskId,
      epoch: this.#epoch,
      now: new Date(),
    });
    if ("code" in result) return { kind: "refused", refusal: result };
    const { event, state } = result;
    if (event === undefined) {
      const announcements = task ? silentAnnouncements(task.state, state) : [];
      if (task) task.state = state;
      announceSilently(this.#announce, announcements, state);
      const isNew = announcements.some(isCancelRequest);
      return { kind: "noted", isNew };
    }
    const json = JSON.stringify(event);
    const taken = task ?? this.#begin(taskId, state);
    this.#append(taken, event, json, state);
    return {
      kind: "stored",
      epoch: state.snapshot.epoch,
      event,
      amounts: amountsOf(state.snapshot),
      delivered: announceEvent(this.#announce, event, json, state),
      cancelRequested: state.cancelRequested ?? false,
    };
  }

  #begin(taskId: string, state: TaskState): Task {
    const { historyLimit } = this.#retention;
    const history = new MemoryHistory(historyLimit, state.snapshot.epoch);
    const task = { state, history, changedAt: 0, expiresAtMs: 0 };
    this.#tasks.set(taskId, task);
    this.#index.add(task, state);
    return task;
  }

  #append(task: Task, event: TaskEvent, json: string, state: TaskState): void {
    task.state = state;
    task.changedAt = ++this.#changes;
    task.expiresAtMs = performance.now() + this.#retention.historyTtlMs;
    task.history.push(event.event_id, json);
  }

  /** Returns a task; an expired task is deleted instead. */
  #find(taskId: string): Task | undefined {
    const task = this.#tasks.get(taskId);
    if (task === undefined || task.expiresAtMs > performance.now()) return task;
    this.#delete(taskId);
    return undefined;
  }

  #delete(taskId: string): void {
    const task = this.#tasks.get(taskId);
    if (task) this.#index.delete(task, task.state);
    this.#tasks.delete(taskId);
    this.#epoch = crypto.randomUUID();
  }

  /**
   * Looks at the next few tasks. (In order of expiry, tasks would have to move
   * at each event, and iterating a `Map` over deleted entries is slow.)
   */
  #forgetExpired(): void {
    const now = performance.now();
    for (let looked = 0; looked < sweptPerPublish; looked++) {
      const { value: entry } = this.#sweep.next();
      if (entry === undefined) {
        this.#sweep = this.#tasks.entries();
        return;
      }
      const [taskId, { expiresAtMs }] = entry;
      if (expiresAtMs <= now) this.#delete(taskId);
    }
  }
}

/**
 * The number of tasks to check per publish or read: at least 2, since a publish
 * may add a task.
 */
const sweptPerPublish = 2;
