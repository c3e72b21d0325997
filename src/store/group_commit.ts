import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";
import { asUnavailable } from "./sqlite_error.ts";

/** Work in a transaction; what it returns runs after the commit and gives the result. */
export type Work<T> = () => () => T;

/** What is done besides the work of a transaction. */
export interface GroupCommitHooks {
  /** Runs first in each transaction. */
  readonly onBegin: () => void;
  /** Runs after one that was undone; must not touch the database, which may be why. */
  readonly onRollback: () => void;
}

/**
 * Writes of one turn of the event loop in one transaction, so that many
 * publishers don't wait for the disk one after the other. Each is answered
 * after the commit; when that fails, all are undone and reject.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #hooks: GroupCommitHooks;
  #waiting: {
    readonly work: Work<void>;
    readonly reject: (error: unknown) => void;
  }[] = [];

  constructor(database: DatabaseSync, hooks: GroupCommitHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /**
   * Runs work in the next transaction.
   *
   * @throws {StoreUnavailableError} When it can't be committed.
   */
  write<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Not `setTimeout`, which waits a millisecond or more.
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({
        work() {
          const finish = work();
          return () => {
            try {
              resolve(finish());
            } catch (error) {
              reject(error);
            }
          };
        },
        reject,
      });
    });
  }

  /** Commits what waits. */
  flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const finishes: (() => void)[] = [];
    let hasBegun = false;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      hasBegun = true;
      this.#hooks.onBegin();
      for (const { work, reject } of batch) {
        try {
          finishes.push(work());
        } catch (error) {
          // A fault of ours, before anything was written: nobody else's.
          if (asUnavailable(error) !== error) throw error;
          reject(error);
        }
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      const reason = asUnavailable(error);
      for (const { reject } of batch) reject(reason);
      // Else the transaction before it would be undone in memory.
      if (hasBegun) this.#rollBack();
      return;
    }
    for (const finish of finishes) finish();
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // The error has ended the transaction already, as a full disk does. Were
      // something else wrong, the next transaction could not begin and says so.
    }
    this.#hooks.onRollback();
  }
}
