import type { DatabaseSync } from "node:sqlite";
import type { Statements } from "./statements.ts";
import {
  eventWidth,
  type ExpiryQuery,
  type Group,
  type LogSize,
  taskWidth,
} from "./thread_calls.ts";

/** The most expired tasks deleted per transaction. */
const expiredPerTransaction = 100;

/**
 * The number of deleted events after which a transaction deletes no further
 * task, so that no group of events waits for a long deletion.
 */
const enoughDeletedEvents = 1_000;

/** Writes tasks and events. */
export class TaskWriter {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #historyLimit: number;

  /** @param historyLimit The number of events kept per task. */
  constructor(
    database: DatabaseSync,
    statements: Statements,
    historyLimit: number,
  ) {
    this.#database = database;
    this.#statements = statements;
    this.#historyLimit = historyLimit;
  }

  /**
   * Applies changes in one transaction, or none of them.
   *
   * @returns The duration of the flush, in milliseconds.
   */
  commit({ deleted, epoch, tasks, events }: Group): number {
    return this.#transact(() => {
      for (const id of deleted) this.#delete(id);
      if (epoch !== null) this.#statements.writeEpoch.run(epoch);
      const { insertEvent } = this.#statements;
      for (let at = 0; at < events.length; at += eventWidth) {
        insertEvent.run(...events.slice(at, at + eventWidth));
      }
      for (let at = 0; at < tasks.length; at += taskWidth) {
        this.#writeTask(tasks.slice(at, at + taskWidth));
      }
    }).flushMs;
  }

  #writeTask(row: Group["tasks"]): void {
    const { insertTask, insertLabels, updateTask, trimEvents } =
      this.#statements;
    const [
      id = 0,
      isNew,
      taskId = "",
      status = "",
      changedAt = 0,
      updatedAtMs = 0,
      newest,
      state = "",
      owner = null,
      labels = null,
    ] = row;
    if (isNew === 1) {
      insertTask.run(id, taskId, status, changedAt, updatedAtMs, state, owner);
      if (labels !== null) insertLabels.run(id, labels);
    } else updateTask.run(status, changedAt, updatedAtMs, state, id);
    const newestTrimmed = Number(newest) - this.#historyLimit;
    if (newestTrimmed > 0) trimEvents.run(id, newestTrimmed);
  }

  /**
   * Deletes some expired tasks, the oldest first.
   *
   * @returns The time of the newest event of the task that expires next; `null`
   * without tasks.
   */
  expire({ oldestKeptMs, epoch }: ExpiryQuery): number | null {
    const { oldestTasks, writeEpoch } = this.#statements;
    return this.#transact(() => {
      let deletedTasks = 0;
      let deletedEvents = 0;
      let oldestMs: number | null = null;
      for (const row of oldestTasks.all(expiredPerTransaction + 1)) {
        const updatedAtMs = Number(row.updated_at_ms);
        const isEnough = deletedTasks === expiredPerTransaction ||
          deletedEvents >= enoughDeletedEvents;
        if (updatedAtMs > oldestKeptMs || isEnough) {
          oldestMs = updatedAtMs;
          break;
        }
        deletedEvents += this.#delete(Number(row.id));
        deletedTasks += 1;
      }
      if (deletedTasks > 0) writeEpoch.run(epoch);
      return oldestMs;
    }).result;
  }

  /** @returns The number of deleted events. */
  #delete(id: number): number {
    const { deleteEvents, deleteLabels, deleteTask } = this.#statements;
    const { changes } = deleteEvents.run(id);
    deleteLabels.run(id);
    deleteTask.run(id);
    return Number(changes);
  }

  #transact<T>(
    work: () => T,
  ): { readonly result: T; readonly flushMs: number } {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      const startedAtMs = performance.now();
      this.#database.exec("COMMIT");
      return { result, flushMs: performance.now() - startedAtMs };
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // The error has already ended the transaction, as a full disk does.
      // After any other fault the next transaction fails to begin and reports.
    }
  }
}

/**
 * Copies pages of the write-ahead log into the database file, without waiting
 * for readers or writers.
 */
export function checkpoint(database: DatabaseSync): LogSize {
  const row = database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
  return {
    pages: Number(row?.log ?? 0),
    copied: Number(row?.checkpointed ?? 0),
  };
}
