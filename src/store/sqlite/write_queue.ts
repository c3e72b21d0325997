import { StoreUnavailableError } from "../../tasks/store.ts";

/** The most characters of unanswered calls. */
const maxLength = 16_777_216;

/** The most calls waiting for room in the queue. */
const maxWaiting = 1_000;

/** The longest wait for room in the queue, in milliseconds. */
const maxWaitMs = 5_000;

interface WaitingCall {
  readonly enter: () => void;
  readonly reject: (reason: unknown) => void;
  readonly since: number;
}

/**
 * Bounds the memory taken by calls that wait for the disk. When the queue is
 * full, further calls wait for a moment, and are then rejected.
 */
export class WriteQueue {
  #length = 0;
  readonly #waiting: WaitingCall[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Runs a call as soon as the queue has room, in the order of the calls.
   *
   * @param reject Called instead, with a {@linkcode StoreUnavailableError}, if
   * the disk is too slow.
   */
  enter(run: () => void, reject: (reason: unknown) => void): void {
    if (this.#waiting.length === 0 && this.#length < maxLength) {
      run();
    } else if (this.#waiting.length >= maxWaiting) {
      reject(tooSlow());
    } else {
      this.#waiting.push({ enter: run, reject, since: performance.now() });
      this.#timer ??= setTimeout(() => this.#expire(), maxWaitMs);
    }
  }

  /** Adds to the length of the queue. */
  add(length: number): void {
    this.#length += length;
  }

  /** Subtracts from the length of the queue. */
  remove(length: number): void {
    this.#length -= length;
    while (this.#length < maxLength) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next.enter();
    }
    if (this.#waiting.length === 0) this.#stopTimer();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    while (now - (this.#waiting[0]?.since ?? now) >= maxWaitMs) {
      this.#waiting.shift()?.reject(tooSlow());
    }
    const [next] = this.#waiting;
    if (next === undefined) return;
    const leftMs = next.since + maxWaitMs - now;
    this.#timer = setTimeout(() => this.#expire(), leftMs);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function tooSlow(): StoreUnavailableError {
  return new StoreUnavailableError(
    "the disk is too slow for the events: too many events wait for it",
  );
}
