import { log } from "../../log/log.ts";
import { StoreUnavailableError } from "../../tasks/store.ts";
import type { Group } from "./group.ts";
import type { LateThread } from "./late_thread.ts";
import type { SqliteThread } from "./sqlite_thread.ts";

/**
 * The number of pages in the write-ahead log at which the pages are copied into
 * the database file. Pages touched by many transactions are copied once.
 */
const checkpointPages = 16_384;

/** The most pages touched by a changed task with one event. */
const pagesPerTask = 6;

/** The size of a page, in bytes. */
const pageSize = 4_096;

/**
 * Copies the write-ahead log into the database file, on a thread that neither
 * reads nor commits. Only the pages written meanwhile are left to the writing
 * thread, which can then begin the log anew.
 */
export class Checkpoints {
  readonly #writer: SqliteThread;
  readonly #copier: LateThread;
  /** An estimate of the pages in the log. */
  #pages = 0;
  #running = Promise.resolve();
  #isRunning = false;

  /** @param copier Copies the log in the meantime. */
  constructor(writer: SqliteThread, copier: LateThread) {
    this.#writer = writer;
    this.#copier = copier;
  }

  /** Resolves when no copying is under way. */
  get idle(): Promise<void> {
    return this.#running;
  }

  /** Counts a transaction, and copies the log if long enough. */
  note(group: Group): void {
    this.#pages += pagesPerTask * group.taskCount + group.length / pageSize;
    if (this.#pages < checkpointPages || this.#isRunning) return;
    this.#pages = 0;
    this.#isRunning = true;
    this.#running = this.#copy().finally(() => this.#isRunning = false);
  }

  async #copy(): Promise<void> {
    try {
      await (await this.#copier.start())?.call("checkpoint");
      await this.#writer.call("checkpoint");
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      log.warn(
        "Could not copy the write-ahead log into the database, retrying: {error}",
        { error },
      );
    }
  }
}
