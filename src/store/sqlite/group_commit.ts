import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";
import { fulfilled, settle } from "../../async/settle.ts";
import { asUnavailable } from "./error.ts";

/** Work in a transaction; what it returns runs after the commit and gives the result. */
export type Work<T> = () => () => T;

/** Works whose results are waited for together. */
interface Batch {
  readonly work: Work<void>;
  readonly reject: (error: unknown) => void;
}

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
  #waiting: Batch[] = [];

  constructor(database: DatabaseSync, hooks: GroupCommitHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /**
   * Runs work in the next transaction.
   *
   * @throws {StoreUnavailableError} When it can't be committed.
   */
  async write<T>(work: Work<T>): Promise<T> {
    const [result] = await this.writeAll([work]);
    return fulfilled(result);
  }

  /**
   * Runs works in the next transaction, in their order. One that fails by a
   * fault of ours takes no other with it.
   *
   * @returns What became of each.
   * @throws {StoreUnavailableError} When they can't be committed.
   */
  writeAll<T>(
    works: readonly Work<T>[],
  ): Promise<PromiseSettledResult<T>[]> {
    return new Promise((resolve, reject) => {
      // Not `setTimeout`, which waits a millisecond or more.
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({
        work() {
          const finishes = works.map(attempt);
          return () => resolve(finishes.map(settle));
        },
        reject,
      });
    });
  }

  /** Commits what waits. */
  flush(): void {
    const batches = this.#waiting;
    if (batches.length === 0) return;
    this.#waiting = [];
    let finishes: (() => void)[];
    let hasBegun = false;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      hasBegun = true;
      this.#hooks.onBegin();
      finishes = batches.map(({ work }) => work());
      this.#database.exec("COMMIT");
    } catch (error) {
      const reason = asUnavailable(error);
      for (const { reject } of batches) reject(reason);
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

/**
 * Runs a work. Where it fails by a fault of ours, before it has written
 * anything, its result is that; the database's own failures end the transaction.
 */
function attempt<T>(work: Work<T>): () => T {
  try {
    return work();
  } catch (error) {
    if (asUnavailable(error) !== error) throw error;
    return () => {
      throw error;
    };
  }
}
