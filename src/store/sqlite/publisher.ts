import { parsePositionId } from "../../tasks/event.ts";
import { applyChange, type Change } from "../../tasks/state.ts";
import {
  amountsOf,
  type Announce,
  announceDeletion,
  announceEvent,
  announceSilently,
  isCancelRequest,
  type PublishOutcome,
  type Retention,
  silentAnnouncements,
} from "../../tasks/store.ts";
import { allTopicsOf, type Topic } from "../../tasks/topic.ts";
import {
  EventNames,
  type KeptOffsets,
  maxNames,
  storedName,
} from "./event_names.ts";
import type { Expiry } from "./expiry.ts";
import type { Group } from "./group.ts";
import { GroupCommit } from "./group_commit.ts";
import { HotTask, HotTasks, type TaskCall, taskLength } from "./hot_task.ts";
import { type SqliteThread, ThreadEndedError } from "./sqlite_thread.ts";
import { loadedWidth, type Opened, type Rows } from "./thread_calls.ts";
import { WriteQueue } from "./write_queue.ts";

/** The memory for a call besides the event, in characters. */
const callLength = 1_024;

/** Options of a {@linkcode Publisher}. */
export interface PublisherOptions {
  readonly writer: SqliteThread;
  /** Returns the thread for reads. */
  readonly reader: () => SqliteThread;
  readonly opened: Opened;
  readonly expiry: Expiry;
  readonly retention: Retention;
  readonly announce: Announce;
  /** Called after changes were handed to the writing thread. */
  readonly onSend: (group: Group) => void;
}

/** A call to change a task. */
interface Job<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (reason: unknown) => void;
  /** Counts an event of this length, in characters, in the queue. */
  readonly grow: (length: number) => void;
}

/**
 * Applies changes to tasks in memory, and has the results committed by a
 * thread. A change is judged by the state after all changes accepted so far,
 * committed or not; the outcome and the announcement follow the commit. If a
 * commit fails, all changes judged by the lost state fail too, and memory
 * returns to the committed state.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #commits: GroupCommit;
  readonly #hot = new HotTasks();
  readonly #queue = new WriteQueue();
  #toLoad: HotTask[] = [];
  #lastId: number;
  #changes: number;
  /** The number of calls not yet answered. */
  #open = 0;
  #onIdle = () => {};

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#lastId = options.opened.lastId;
    this.#changes = options.opened.lastChange;
    this.#commits = new GroupCommit(options.writer, {
      onLength: (task, length) =>
        this.#hot.resize(task, taskLength + task.names.length + length),
      onSend: options.onSend,
      onFail: (groups, reason) => this.#forget(groups, reason),
    });
  }

  /** Applies and stores one change. */
  publish(taskId: string, change: Change): Promise<PublishOutcome> {
    return this.#submit<PublishOutcome>(
      taskId,
      (task, job) => this.#apply(task, change, job),
    );
  }

  /**
   * Deletes a task and its history.
   *
   * @param epoch The only history to delete; by default any.
   * @returns True if the history existed.
   */
  delete(taskId: string, epoch?: string): Promise<boolean> {
    return this.#submit<boolean>(taskId, (task, job) => {
      this.#deleteExpired(task);
      const { state } = task;
      const known = state?.snapshot.epoch;
      const exists = state !== undefined && known === (epoch ?? known);
      if (exists) this.#delete(task);
      this.#answer(task, job, () => {
        if (exists) announceDeletion(this.#options.announce, state);
        return exists;
      });
    });
  }

  /**
   * Returns a task in memory.
   *
   * @returns `undefined` for a task that only the database knows.
   */
  peek(taskId: string): HotTask | undefined {
    const task = this.#hot.peek(taskId);
    return task?.isLoaded ? task : undefined;
  }

  /** Resolves when all calls so far are answered. */
  async drain(): Promise<void> {
    if (this.#open > 0) {
      await new Promise<void>((resolve) => this.#onIdle = resolve);
    }
    this.#hot.clear();
  }

  #submit<T>(
    taskId: string,
    run: (task: HotTask, job: Job<T>) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const job = this.#begin(resolve, reject);
      this.#queue.enter(() => {
        job.grow(callLength);
        this.#call(taskId, {
          run(task) {
            try {
              run(task, job);
            } catch (error) {
              job.reject(error);
            }
          },
          fail: job.reject,
        });
      }, job.reject);
    });
  }

  /** Counts a call until answered. */
  #begin<T>(
    resolve: (result: T) => void,
    reject: (reason: unknown) => void,
  ): Job<T> {
    let length = 0;
    this.#open += 1;
    const close = () => {
      this.#queue.remove(length);
      this.#open -= 1;
      if (this.#open === 0) this.#onIdle();
    };
    return {
      resolve(result) {
        resolve(result);
        close();
      },
      reject(reason) {
        reject(reason);
        close();
      },
      grow: (more) => {
        length += more;
        this.#queue.add(more);
      },
    };
  }

  /** Runs a call as soon as the task is in memory, in the order of the calls. */
  #call(taskId: string, call: TaskCall): void {
    const task = this.#hot.get(taskId) ?? this.#load(taskId);
    if (task.waiting === undefined) call.run(task);
    else task.waiting.push(call);
  }

  /** Runs the calls waiting for an answer of the database. */
  #resume(task: HotTask): void {
    const calls = task.waiting ?? [];
    task.waiting = undefined;
    for (const call of calls) this.#call(task.taskId, call);
  }

  #load(taskId: string): HotTask {
    const task = new HotTask(taskId);
    task.waiting = [];
    this.#hot.set(task);
    // The tasks of a batch are read with one call.
    if (this.#toLoad.length === 0) queueMicrotask(() => this.#loadAll());
    this.#toLoad.push(task);
    return task;
  }

  async #loadAll(): Promise<void> {
    const tasks = this.#toLoad;
    this.#toLoad = [];
    const taskIds = tasks.map(({ taskId }) => taskId);
    try {
      const loaded = await this.#options.reader().call("load", {
        taskIds,
        maxNames,
      });
      for (const [index, task] of tasks.entries()) {
        const at = loadedWidth * index;
        this.#fill(task, loaded.tasks.slice(at, at + loadedWidth));
        task.names.addAll(loaded.names[index] ?? { rows: [], hasMore: false });
      }
    } catch (error) {
      for (const { taskId } of tasks) this.#hot.delete(taskId);
      for (const { waiting } of tasks) {
        for (const { fail } of waiting ?? []) fail(error);
      }
      return;
    }
    for (const task of tasks) this.#resume(task);
  }

  #fill(task: HotTask, [id, changedAt, updatedAtMs, state]: Rows): void {
    task.isLoaded = true;
    if (typeof state !== "string") return;
    task.id = Number(id);
    task.hasRow = true;
    task.changedAt = Number(changedAt);
    task.updatedAtMs = Number(updatedAtMs);
    task.state = task.committed = JSON.parse(state);
    this.#hot.resize(task, taskLength + state.length);
  }

  /**
   * Applies a change, or finds the repeated event.
   *
   * @param found The offset of the earlier event in the database, `null` for
   * none; absent before the database was asked.
   */
  #apply(
    task: HotTask,
    change: Change,
    job: Job<PublishOutcome>,
    found?: number | null,
  ): void {
    this.#deleteExpired(task);
    const { state } = task;
    if (state === undefined || "kind" in change || !change.event_id) {
      this.#decide(task, change, job);
      return;
    }
    const { epoch } = state.snapshot;
    const kept = this.#keptOffsets(task);
    const known = task.names.find(change.event_id, epoch, kept);
    if (known === "ask" && found === undefined) {
      this.#ask(task, change.event_id, (asked, offset) => ({
        run: (task) =>
          this.#apply(task, change, job, task === asked ? offset : undefined),
        fail: job.reject,
      }));
      return;
    }
    const earlier = known === "ask" ? found ?? 0 : known ?? 0;
    if (earlier < kept.oldestKept) {
      this.#decide(task, change, job);
      return;
    }
    const cancelRequested = state.cancelRequested ?? false;
    this.#answer<PublishOutcome>(task, job, () => ({
      kind: "duplicate",
      epoch,
      offset: earlier,
      cancelRequested,
    }));
  }

  /**
   * Asks the database for an event; later calls for the task wait.
   *
   * @param next Makes the first call to run afterwards.
   */
  async #ask(
    task: HotTask,
    eventId: string,
    next: (task: HotTask, offset: number | null) => TaskCall,
  ): Promise<void> {
    const epoch = task.state?.snapshot.epoch ?? "";
    const position = parsePositionId(eventId, epoch) ?? null;
    task.waiting = [];
    const query = { id: task.id, eventId, position };
    try {
      const offset = await this.#options.reader().call("findOffset", query);
      task.waiting.unshift(next(task, offset));
    } catch (error) {
      next(task, null).fail(error);
    }
    this.#resume(task);
  }

  #decide(task: HotTask, change: Change, job: Job<PublishOutcome>): void {
    const { announce, expiry } = this.#options;
    const { taskId } = task;
    const now = new Date();
    const stamp = { taskId, epoch: expiry.epoch, now };
    const result = applyChange(task.state, change, stamp);
    if ("code" in result) {
      this.#answer<PublishOutcome>(
        task,
        job,
        () => ({ kind: "refused", refusal: result }),
      );
      return;
    }
    const { event, state } = result;
    if (event === undefined) {
      const announcements = task.state
        ? silentAnnouncements(task.state, state)
        : [];
      if (announcements.length > 0) {
        task.state = state;
        this.#commits.take().write(task);
      }
      this.#answer<PublishOutcome>(task, job, () => {
        announceSilently(announce, announcements, state);
        return { kind: "noted", isNew: announcements.some(isCancelRequest) };
      });
      return;
    }
    const json = JSON.stringify(event);
    if (task.state === undefined) task.id = ++this.#lastId;
    task.state = state;
    task.changedAt = ++this.#changes;
    task.updatedAtMs = now.getTime();
    const { epoch } = state.snapshot;
    const { offset } = event;
    const name = storedName(event.event_id, epoch, offset);
    if (name !== null) task.names.push(name, this.#keptOffsets(task));
    this.#commits.take().append(task, { offset, name, json });
    job.grow(json.length);
    this.#answer<PublishOutcome>(task, job, () => ({
      kind: "stored",
      epoch,
      event,
      amounts: amountsOf(state.snapshot),
      delivered: announceEvent(announce, event, json, state),
      cancelRequested: state.cancelRequested ?? false,
    }));
  }

  /**
   * Answers a call after the commit of all changes by which the call was
   * judged.
   */
  #answer<T>(task: HotTask, job: Job<T>, finish: () => T): void {
    const settle = () => {
      try {
        job.resolve(finish());
      } catch (error) {
        job.reject(error);
      }
    };
    const { group } = task;
    if (group === undefined) settle();
    else group.dependents.push({ finish: settle, fail: job.reject });
  }

  #keptOffsets({ state, committed }: HotTask): KeptOffsets {
    const newest = state?.snapshot.offset ?? 0;
    const isSame = committed?.snapshot.epoch === state?.snapshot.epoch;
    return {
      oldestKept: Math.max(0, newest - this.#options.retention.historyLimit) +
        1,
      newest,
      committed: isSame ? committed?.snapshot.offset ?? 0 : 0,
    };
  }

  #deleteExpired(task: HotTask): void {
    if (task.state === undefined) return;
    if (this.#options.expiry.isExpired(task.updatedAtMs)) this.#delete(task);
  }

  #delete(task: HotTask): void {
    this.#commits.take().delete(task, this.#options.expiry.renewEpoch());
    task.id = 0;
    task.hasRow = false;
    task.state = undefined;
    task.names = new EventNames();
  }

  /** Forgets the tasks whose newest state is lost; the database has the state. */
  #forget(groups: readonly Group[], reason: unknown): void {
    const lost = new Set(groups.flatMap(({ tasks }) => [...tasks]));
    for (const task of lost) {
      this.#hot.delete(task.taskId);
      task.group = undefined;
    }
    if (!(reason instanceof ThreadEndedError)) return;
    // The thread may have ended after the commit.
    const { writer, announce } = this.#options;
    const topics = new Set([...lost].flatMap(topicsOfTask));
    writer.restored.then(() => {
      for (const { taskId } of lost) announce({ kind: "missed", taskId });
      for (const topic of topics) announce({ kind: "topic_missed", topic });
    });
  }
}

function topicsOfTask({ state, committed }: HotTask): Topic[] {
  const { owner, snapshot } = state ?? committed ?? {};
  return allTopicsOf({ owner, labels: snapshot?.labels });
}
