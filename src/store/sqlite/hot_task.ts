import type { TaskState } from "../../tasks/state.ts";
import { EventNames } from "./event_names.ts";
import type { Group } from "./group.ts";

/** A call on a task in memory. */
export interface TaskCall {
  readonly run: (task: HotTask) => void;
  /** Runs instead if the database cannot be read. */
  readonly fail: (reason: unknown) => void;
}

/** The memory for a task besides the state, in characters. */
export const taskLength = 256;

/** A task in memory. */
export class HotTask {
  readonly taskId: string;
  /** The row id; 0 without a row. */
  id = 0;
  /** False until a transaction with the row was sent. */
  hasRow = false;
  /** The state after all accepted changes; `undefined` for an unknown task. */
  state: TaskState | undefined;
  /** The state in the database. */
  committed: TaskState | undefined;
  /** The number of the newest change. */
  changedAt = 0;
  /** The time of the newest event, in milliseconds since 1970. */
  updatedAtMs = 0;
  names = new EventNames();
  /** The newest transaction with changes of the task, until committed. */
  group: Group | undefined;
  /** The calls waiting for an answer of the database, if any. */
  waiting: TaskCall[] | undefined;
  /** False while the task is being read from the database. */
  isLoaded = false;
  /** The memory for the task, in characters. */
  length = taskLength;

  constructor(taskId: string) {
    this.taskId = taskId;
  }

  /** True if only memory knows the task's newest state. */
  get isPinned(): boolean {
    return this.group !== undefined || this.waiting !== undefined;
  }
}

/** The most tasks in memory, except for pinned tasks. */
const maxTasks = 131_072;

/** The most characters of tasks in memory, except for pinned tasks. */
const maxLength = 67_108_864;

/**
 * The tasks most recently published to, because reading and decoding a task
 * costs as much as storing an event. The tasks have two generations: when the
 * newer generation has grown to half of a limit, the older generation is
 * dropped, except for pinned tasks.
 */
export class HotTasks {
  #recent = new Map<string, HotTask>();
  #older = new Map<string, HotTask>();
  #recentLength = 0;

  /** Returns a task, and marks the task as recently used. */
  get(taskId: string): HotTask | undefined {
    const recent = this.#recent.get(taskId);
    if (recent !== undefined) return recent;
    const older = this.#older.get(taskId);
    if (older !== undefined) this.set(older);
    return older;
  }

  /** Returns a task without marking the task as used. */
  peek(taskId: string): HotTask | undefined {
    return this.#recent.get(taskId) ?? this.#older.get(taskId);
  }

  /** Adds a task. */
  set(task: HotTask): void {
    this.#older.delete(task.taskId);
    this.#recent.set(task.taskId, task);
    this.#recentLength += task.length;
    if (
      this.#recent.size >= maxTasks / 2 || this.#recentLength >= maxLength / 2
    ) this.#age();
  }

  /** Sets the memory for a task. */
  resize(task: HotTask, length: number): void {
    if (this.#recent.get(task.taskId) === task) {
      this.#recentLength += length - task.length;
    }
    task.length = length;
  }

  /** Deletes a task, if present. */
  delete(taskId: string): void {
    this.#recentLength -= this.#recent.get(taskId)?.length ?? 0;
    this.#recent.delete(taskId);
    this.#older.delete(taskId);
  }

  /** Deletes all tasks. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
    this.#recentLength = 0;
  }

  #age(): void {
    const dropped = this.#older;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#recentLength = 0;
    for (const task of dropped.values()) {
      if (!task.isPinned) continue;
      this.#recent.set(task.taskId, task);
      this.#recentLength += task.length;
    }
  }
}
