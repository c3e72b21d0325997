import type { TaskState } from "../../tasks/state.ts";
import type { HotTask } from "./hot_task.ts";
import { eventWidth, type Group as GroupRows } from "./thread_calls.ts";

/** A call whose result depends on a transaction. */
export interface Dependent {
  /** Runs after the commit. */
  readonly finish: () => void;
  /** Runs instead if the transaction fails. */
  readonly fail: (reason: unknown) => void;
}

/** An event to be stored. */
export interface EventRow {
  readonly offset: number;
  /** The `event_id`; `null` if made from the position. */
  readonly name: string | null;
  /** The event as JSON. */
  readonly json: string;
}

/** The changes and results of one transaction. */
export class Group {
  readonly #deleted = new Set<number>();
  #epoch: string | undefined;
  readonly #written = new Map<number, HotTask>();
  readonly #events: (string | number | null)[] = [];
  readonly #states = new Map<HotTask, TaskState | undefined>();
  /** The calls to answer after the commit, in order. */
  readonly dependents: Dependent[] = [];
  /** The size of the rows, in characters. */
  length = 0;

  /** True if nothing has to be written. */
  get isEmpty(): boolean {
    return this.#states.size === 0;
  }

  /** The number of tasks with changes. */
  get taskCount(): number {
    return this.#states.size;
  }

  /** The tasks with changes. */
  get tasks(): Iterable<HotTask> {
    return this.#states.keys();
  }

  /** Writes the state of the task at the time of sending. */
  write(task: HotTask): void {
    this.#written.set(task.id, task);
    this.#touch(task);
  }

  /** Writes an event. */
  append(task: HotTask, { offset, name, json }: EventRow): void {
    this.#events.push(task.id, offset, name, json);
    this.length += json.length;
    this.write(task);
  }

  /**
   * Deletes the row of a task and all events.
   *
   * @param epoch The new epoch of new histories.
   */
  delete(task: HotTask, epoch: string): void {
    this.#deleted.add(task.id);
    this.#written.delete(task.id);
    this.#epoch = epoch;
    this.#touch(task);
  }

  /**
   * Encodes the changes. No change may be added afterwards.
   *
   * @param resize Called with the length of each written state.
   */
  encode(resize: (task: HotTask, length: number) => void): GroupRows {
    for (const task of this.#states.keys()) this.#states.set(task, task.state);
    const tasks: (string | number | null)[] = [];
    for (const [id, task] of this.#written) {
      const { state, taskId } = task;
      if (state === undefined) continue;
      const json = JSON.stringify(state);
      const isNew = !task.hasRow;
      const labels = isNew && state.snapshot.labels;
      tasks.push(
        id,
        isNew ? 1 : 0,
        taskId,
        state.snapshot.status,
        task.changedAt,
        task.updatedAtMs,
        state.snapshot.offset,
        json,
        isNew ? state.owner ?? null : null,
        labels ? JSON.stringify(labels) : null,
      );
      task.hasRow = true;
      resize(task, json.length + task.names.length);
    }
    return {
      deleted: [...this.#deleted],
      epoch: this.#epoch ?? null,
      tasks,
      events: this.#keptEvents(),
    };
  }

  /** Marks the changes as committed. */
  commit(): void {
    for (const [task, state] of this.#states) {
      task.committed = state;
      if (task.group === this) task.group = undefined;
    }
  }

  #touch(task: HotTask): void {
    task.group = this;
    this.#states.set(task, undefined);
  }

  /** The events without those of tasks deleted in the same transaction. */
  #keptEvents(): GroupRows["events"] {
    if (this.#deleted.size === 0) return this.#events;
    const kept: (string | number | null)[] = [];
    for (let at = 0; at < this.#events.length; at += eventWidth) {
      const row = this.#events.slice(at, at + eventWidth);
      if (!this.#deleted.has(Number(row[0]))) kept.push(...row);
    }
    return kept;
  }
}
