import { log } from "../log/log.ts";
import type { Announcement, Store } from "../tasks/store.ts";
import type { TaskState } from "../tasks/state.ts";

/** A store and its lease keeper. */
export interface LeasedStore {
  readonly store: Store;
  readonly leases: Leases;
}

/** Publishes `lost` for tasks whose lease has expired. */
export interface Leases {
  /**
   * Starts watching the leases in a store.
   *
   * @throws {StoreUnavailableError} If the leases can't be read.
   * @throws {StoreOpenError} If the store can't be opened with these settings.
   */
  start(store: Store): Promise<void>;

  /** Stops watching for good. */
  stop(): void;
}

/** The lease of a task's newest event. */
interface Lease {
  readonly offset: number;
  readonly endsAtMs: number;
}

/** The longest delay of a timer, in milliseconds. */
const maxDelayMs = 2_147_483_647;

/** The delay before another attempt to store a loss, in milliseconds. */
const retryDelayMs = 1_000;

/** Only tasks with these statuses have leases. */
const leasedStatuses = ["queued", "running"] as const;

/** The number of tasks read at a time at start. */
const pageSize = 500;

/**
 * Watches the leases of tasks in a store that belongs to this process alone. If
 * no event follows within the lease, the task is `lost` (spec §1). A worker may
 * have died, or the server was down meanwhile.
 *
 * Each task has a single timer. Renewing a lease leaves the timer alone: when
 * the timer fires early, the rest of the lease is waited for.
 */
export class LeaseKeeper implements Leases {
  readonly #leases = new Map<string, Lease>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #store: Store | undefined;
  #isStopped = false;

  /**
   * Starts watching the leases in a store.
   *
   * @throws {StoreUnavailableError} If the leases can't be read.
   */
  async start(store: Store): Promise<void> {
    this.#store = store;
    let cursor: number | undefined;
    do {
      const page = await store.list({
        statuses: leasedStatuses,
        limit: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const state of page.states) this.#resume(state);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** Follows the leases in a store's announcements. */
  note(announcement: Announcement): void {
    if (announcement.kind === "deleted") {
      this.#release(announcement.taskId);
    } else if (announcement.kind === "lease_renewed") {
      const { taskId, offset, endsAtMs } = announcement;
      this.#hold(taskId, { offset, endsAtMs });
    } else if (announcement.kind === "missed") {
      this.#readLease(announcement.taskId);
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

  /** Cancels all timers for good: a closing store may announce changes. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#leases.clear();
  }

  #resume({ snapshot, leaseEndsAtMs }: TaskState): void {
    const { connection_id: taskId, offset } = snapshot;
    // Announcements since the start are newer.
    if (leaseEndsAtMs === undefined || this.#leases.has(taskId)) return;
    this.#hold(taskId, { offset, endsAtMs: leaseEndsAtMs });
  }

  /** Finds the lease of a task whose announcements may be lost. */
  async #readLease(taskId: string): Promise<void> {
    try {
      const view = await this.#store?.read(taskId);
      const endsAtMs = view?.state?.leaseEndsAtMs;
      if (view === undefined || endsAtMs === undefined) return;
      // An announcement in the meantime is newer.
      const isNewer = (this.#leases.get(taskId)?.offset ?? 0) > view.offset;
      if (!isNewer) this.#hold(taskId, { offset: view.offset, endsAtMs });
    } catch (error) {
      if (this.#isStopped) return;
      log.error("Could not read the lease of a task, retrying: {error}", {
        connectionId: taskId,
        error,
      });
      clearTimeout(this.#timers.get(taskId));
      const timer = setTimeout(() => {
        this.#timers.delete(taskId);
        this.#readLease(taskId);
      }, retryDelayMs);
      this.#timers.set(taskId, timer);
    }
  }

  #hold(taskId: string, lease: Lease): void {
    if (this.#isStopped) return;
    const before = this.#leases.get(taskId);
    this.#leases.set(taskId, lease);
    // An earlier timer finds the new lease when firing; a later timer would
    // be too late.
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

  /**
   * The announcement of the loss, or of an event published before the loss,
   * updates the lease.
   */
  async #publishLoss(taskId: string, lease: Lease): Promise<void> {
    const isCurrent = () => this.#leases.get(taskId) === lease;
    try {
      const loss = { kind: "lost", ...lease } as const;
      const outcome = await this.#store?.publish(taskId, loss);
      // Refused although no event came: the task was deleted.
      if (outcome?.kind === "refused" && isCurrent()) {
        this.#release(taskId);
      }
    } catch (error) {
      log.error("Could not mark a task as lost, retrying: {error}", {
        connectionId: taskId,
        error,
      });
      if (isCurrent()) this.#ringIn(taskId, retryDelayMs);
    }
  }
}
