import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";
import { fulfilled, settle } from "../../async/settle.ts";
import { asUnavailable } from "./error.ts";

/**
 * Work in a transaction; the returned function runs after the commit and gives
 * the result.
 */
export type Work<T> = () => () => T;

/** Work whose results are awaited together. */
interface Batch {
  readonly work: Work<void>;
  readonly reject: (error: unknown) => void;
}

/** Hooks around the work of a transaction. */
export interface GroupCommitHooks {
  /** Runs first in each transaction. */
  readonly onBegin: () => void;
  /**
   * Runs after a rollback; must not touch the database, which may be the cause.
   */
  readonly onRollback: () => void;
}

/**
 * Collects the writes of one event loop turn in one transaction, so that many
 * publishers share a single wait for the disk. Each write is answered after the
 * commit; if the commit fails, all writes are undone and reject.
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
   * @throws {StoreUnavailableError} If the transaction can't be committed.
   */
  async write<T>(work: Work<T>): Promise<T> {
    const [result] = await this.writeAll([work]);
    return fulfilled(result);
  }

  /**
   * Runs several pieces of work in order in the next transaction. A piece that
   * fails because of a bug does not affect the rest.
   *
   * @returns The result of each piece.
   * @throws {StoreUnavailableError} If the transaction can't be committed.
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

  /** Commits all waiting writes. */
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
      // Otherwise the rollback hook would undo the transaction before.
      if (hasBegun) this.#rollBack();
      return;
    }
    for (const finish of finishes) finish();
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // The error has already ended the transaction, as a full disk does.
      // After any other fault the next transaction fails to begin and reports.
    }
    this.#hooks.onRollback();
  }
}

/**
 * Runs one piece of work. An error from a bug, thrown before any write, becomes
 * the result; the database's own errors end the transaction.
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
