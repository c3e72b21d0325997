import { log } from "../../log/log.ts";
import { StoreUnavailableError } from "../../tasks/store.ts";
import type { SqliteThread } from "./sqlite_thread.ts";
import type { Opened } from "./thread_calls.ts";

/**
 * The expiry of tasks, and the epoch of new histories. The epoch changes
 * with each deletion, so that a history that begins anew has another epoch.
 */
export class Expiry {
  readonly #writer: SqliteThread;
  readonly #ttlMs: number;
  #epoch: string;
  #oldestKeptMs = -Infinity;
  /** The earliest time at which another task may have expired. */
  #dueAtMs: number;
  #isDeleting = false;

  /** @param ttlMs The time from a task's last event until the task expires. */
  constructor(
    writer: SqliteThread,
    { epoch, oldestMs }: Opened,
    ttlMs: number,
  ) {
    this.#writer = writer;
    this.#ttlMs = ttlMs;
    this.#epoch = epoch;
    this.#dueAtMs = (oldestMs ?? Date.now()) + ttlMs;
  }

  /** The epoch of new histories. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Changes the epoch of new histories, because a task is deleted. */
  renewEpoch(): string {
    return this.#epoch = crypto.randomUUID();
  }

  /**
   * Returns the epoch of a history that would begin now.
   *
   * @param before The epoch of the expired history.
   */
  epochAfter(before: string | undefined): string {
    return before === this.#epoch ? this.renewEpoch() : this.#epoch;
  }

  /**
   * Tasks without an event after this time have expired. Never goes back: a
   * deleted task must stay expired if the clock is set back.
   */
  get oldestKeptMs(): number {
    const oldestKeptMs = Date.now() - this.#ttlMs;
    return this.#oldestKeptMs = Math.max(this.#oldestKeptMs, oldestKeptMs);
  }

  /** True if a task with this time of the newest event has expired. */
  isExpired(updatedAtMs: number): boolean {
    return updatedAtMs <= this.oldestKeptMs;
  }

  /**
   * Has the thread delete some expired tasks. Called only when the thread
   * already has all accepted changes: a later change finds the task expired.
   */
  async deleteSome(): Promise<void> {
    if (this.#isDeleting || Date.now() < this.#dueAtMs) return;
    this.#isDeleting = true;
    try {
      const { oldestKeptMs } = this;
      const epoch = this.renewEpoch();
      const oldestMs = await this.#writer.call("expire", {
        oldestKeptMs,
        epoch,
      });
      this.#dueAtMs = (oldestMs ?? Date.now()) + this.#ttlMs;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      log.warn("Could not delete expired tasks, retrying: {error}", { error });
    } finally {
      this.#isDeleting = false;
    }
  }
}
