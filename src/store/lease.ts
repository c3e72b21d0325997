import { log } from "../log/log.ts";
import type { Announcement, Store } from "../tasks/store.ts";
import type { TaskState } from "../tasks/state.ts";

/** A store, and the keeper of its leases. */
export interface LeasedStore {
  readonly store: Store;
  readonly leases: Leases;
}

/** Sees to it that a task whose lease has ended is `lost`. */
export interface Leases {
  /**
   * Begins to watch the leases in a store.
   *
   * @throws {StoreUnavailableError} When they can't be read.
   * @throws {StoreOpenError} When the store can't be used as it is set up.
   */
  start(store: Store): Promise<void>;

  /** Ends that, for good. */
  stop(): void;
}

/** The lease of a task's newest event. */
interface Lease {
  readonly offset: number;
  readonly endsAtMs: number;
}

/** The longest delay of a timer, in milliseconds. */
const maxDelayMs = 2_147_483_647;

/** When to try again to store a loss, in milliseconds. */
const retryDelayMs = 1_000;

/** Tasks read from the store at a time, at start. */
const pageSize = 500;

/**
 * Watches the leases of tasks in a store that no other process has: where
 * nothing followed an event in the time of its lease, the task is `lost` (spec
 * §1), a dead worker's as well as one whose server was down meanwhile.
 *
 * A task has one timer, which a renewed lease doesn't touch: when it rings, it
 * looks how long there is still to go.
 */
export class LeaseKeeper implements Leases {
  readonly #leases = new Map<string, Lease>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #store: Store | undefined;
  #isStopped = false;

  /**
   * Begins to watch the leases in a store.
   *
   * @throws {StoreUnavailableError} When they can't be read.
   */
  async start(store: Store): Promise<void> {
    this.#store = store;
    // Only tasks with these statuses have leases.
    for (const status of ["queued", "running"] as const) {
      let cursor: number | undefined;
      do {
        const page = await store.list({
          status,
          limit: pageSize,
          ...(cursor === undefined ? {} : { cursor }),
        });
        for (const state of page.states) this.#resume(state);
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
  }

  /** Takes note of what the store announces. */
  note(announcement: Announcement): void {
    if (announcement.kind === "deleted") {
      this.#release(announcement.taskId);
    } else if (announcement.kind === "event") {
      const { event, leaseEndsAtMs } = announcement;
      if (leaseEndsAtMs === undefined) this.#release(event.connection_id);
      else {
        this.#hold(event.connection_id, {
          offset: event.offset,
          endsAtMs: leaseEndsAtMs,
        });
      }
    }
  }

  /** Lets go of all timers, for good: a store that closes still announces. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#leases.clear();
  }

  #resume({ snapshot, leaseEndsAtMs }: TaskState): void {
    const { connection_id: taskId, offset } = snapshot;
    // What was announced since the start is newer.
    if (leaseEndsAtMs === undefined || this.#leases.has(taskId)) return;
    this.#hold(taskId, { offset, endsAtMs: leaseEndsAtMs });
  }

  #hold(taskId: string, lease: Lease): void {
    if (this.#isStopped) return;
    const before = this.#leases.get(taskId);
    this.#leases.set(taskId, lease);
    // A timer that rings before the lease ends looks again; a later one must not be waited for.
    const isTimed = this.#timers.has(taskId) && before &&
      before.endsAtMs <= lease.endsAtMs;
    if (isTimed) return;
    this.#ringIn(taskId, lease.endsAtMs - Date.now());
  }

  #release(taskId: string): void {
    if (!this.#leases.delete(taskId)) return;
    clearTimeout(this.#timers.get(taskId));
    this.#timers.delete(taskId);
  }

  #ringIn(taskId: string, delayMs: number): void {
    clearTimeout(this.#timers.get(taskId));
    this.#timers.set(
      taskId,
      setTimeout(
        () => this.#ring(taskId),
        Math.min(Math.max(0, delayMs), maxDelayMs),
      ),
    );
  }

  #ring(taskId: string): void {
    this.#timers.delete(taskId);
    const lease = this.#leases.get(taskId);
    if (lease === undefined) return;
    const leftMs = lease.endsAtMs - Date.now();
    if (leftMs > 0) {
      this.#ringIn(taskId, leftMs);
      return;
    }
    this.#publishLoss(taskId, lease);
  }

  /** The announcement of the loss, or of the event that came before it, changes the lease. */
  async #publishLoss(taskId: string, lease: Lease): Promise<void> {
    const isCurrent = () => this.#leases.get(taskId) === lease;
    try {
      const loss = { kind: "lost", offset: lease.offset } as const;
      const outcome = await this.#store?.publish(taskId, loss);
      // Refused, and no event came: the task itself is gone.
      if (outcome?.kind === "refused" && isCurrent()) {
        this.#release(taskId);
      }
    } catch (error) {
      log.error("The loss of a task could not be stored: {error}", {
        taskId,
        error,
      });
      if (isCurrent()) this.#ringIn(taskId, retryDelayMs);
    }
  }
}
