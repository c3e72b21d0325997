/**
 * The subset of `jsr:@std/testing@1/time` used by tests, for machines without
 * access to JSR. The queue of timers is `npm:@sinonjs/fake-timers`'s.
 * Differences from std are removed: a callback's `setTimeout(f, 0)` still runs
 * in the same tick, a throwing callback stops the clock, timers are numbered. A
 * remaining difference, shared with the runtime: a delay of more than 2^31 - 1
 * ms runs at once.
 *
 * Replaces only globals called by scripts, never the runtime's internals:
 * servers and sockets go on while time stands still.
 *
 * @module
 */

import { withGlobal } from "npm:@sinonjs/fake-timers@^15";

/** The error of faking or restoring time twice. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/** The automatic advance of fake time. */
export interface FakeTimeOptions {
  /**
   * Fake milliseconds per real millisecond; 0 for a clock moved only by `tick`.
   *
   * @default {0}
   */
  advanceRate: number;
  /**
   * Real milliseconds between two advances.
   *
   * @default {10}
   */
  advanceFrequency?: number;
}

/** The options of {@linkcode FakeTime.delay}. */
export interface DelayOptions {
  signal?: AbortSignal;
}

type Callback = (...args: unknown[]) => void;

const real = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
};
// Called as bare functions: as methods of an object, Deno 2.4 refuses the
// calls.
const {
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout,
  setInterval: realSetInterval,
  clearInterval: realClearInterval,
} = real;
const realAbortSignalTimeout = AbortSignal.timeout;

const { createClock } = withGlobal({ Date });
type Clock = ReturnType<typeof createClock>;

/** The timer and date globals of a clock. The globals throw once `isFaked` returns false. */
function globalsOf(clock: Clock, isFaked: () => boolean) {
  function setTimer(repeat: boolean) {
    return (callback: Callback, delay = 0, ...args: unknown[]): number => {
      if (!isFaked()) throw new TimeError("Time is not faked");
      if (typeof callback !== "function") {
        throw new TimeError("A timer's callback must be a function");
      }
      const { duringTick = false } = clock;
      // If set, fake-timers lengthens a delay of 0 to 1.
      clock.duringTick = false;
      const ms = Math.max(repeat ? 1 : 0, Math.floor(delay));
      const id = repeat
        ? clock.setInterval(callback, ms, ...args)
        : clock.setTimeout(callback, ms, ...args);
      clock.duringTick = duringTick;
      return Number(id);
    };
  }
  function clearTimer(id?: unknown): void {
    if (!isFaked()) throw new TimeError("Time is not faked");
    if (typeof id === "number" && clock.timers?.has(id)) clock.clearTimeout(id);
  }
  return {
    Date: new Proxy(real.Date, {
      construct: (target, args, newTarget) =>
        Reflect.construct(
          target,
          args.length > 0 ? args : [clock.now],
          newTarget,
        ),
      apply: () => new real.Date(clock.now).toString(),
      get: (target, name, receiver) =>
        name === "now" ? () => clock.now : Reflect.get(target, name, receiver),
    }),
    setTimeout: setTimer(false),
    clearTimeout: clearTimer,
    setInterval: setTimer(true),
    clearInterval: clearTimer,
  };
}

let faked: FakeTime | undefined;

/**
 * A clock in place of the real one, for as long as it is not restored.
 *
 * @example
 * ```ts
 * using time = new FakeTime();
 * let rung = false;
 * setTimeout(() => rung = true, 30_000);
 * time.tick(30_000);
 * assert(rung);
 * ```
 */
export class FakeTime {
  readonly #clock: Clock;
  readonly #start: number;
  readonly #advancing: ReturnType<typeof setInterval> | undefined;

  /**
   * @param start The clock's start: now, or milliseconds since the epoch, or a
   * moment.
   * @param options The automatic advance.
   * @throws {TimeError} If time is faked already.
   * @throws {TypeError} If `start` is no moment.
   */
  constructor(
    start?: number | string | Date | null,
    { advanceRate = 0, advanceFrequency = 10 }: Partial<FakeTimeOptions> = {},
  ) {
    if (faked) throw new TimeError("Time is already faked");
    this.#start = typeof start === "number"
      ? Math.floor(start)
      : new Date(start ?? real.Date.now()).getTime();
    if (Number.isNaN(this.#start)) {
      throw new TypeError(`Invalid start '${start}'`);
    }
    this.#clock = createClock(this.#start);
    const globals = globalsOf(this.#clock, () => faked === this);
    this.#advancing = advanceRate > 0
      ? realSetInterval(
        () => this.tick(advanceRate * advanceFrequency),
        advanceFrequency,
      )
      : undefined;
    faked = this;
    Object.assign(globalThis, globals);
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      globals.setTimeout(() => controller.abort(reason), ms);
      return controller.signal;
    };
  }

  /** Restores real time. */
  [Symbol.dispose](): void {
    this.restore();
  }

  /**
   * Restores real time, regardless of the present owner.
   *
   * @throws {TimeError} If time is not faked.
   */
  static restore(): void {
    if (!faked) throw new TimeError("Time is already restored");
    faked.restore();
  }

  /** Fake milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now;
  }

  /**
   * Moves the clock, and runs due timers on the way. If a callback throws, the
   * clock stops at the callback's time.
   *
   * @throws {RangeError} If the clock would go backwards.
   */
  set now(value: number) {
    if (value < this.#clock.now) {
      throw new RangeError(`Time cannot go back to ${value}`);
    }
    while ((this.#due ?? Infinity) <= value) this.#clock.next();
    this.#clock.now = value;
  }

  /** When the next timer falls due. */
  get #due(): number | undefined {
    return this.#clock.timerHeap?.peek()?.callAt;
  }

  /** Where the clock started, in milliseconds since the epoch. */
  get start(): number {
    return this.#start;
  }

  /**
   * Waits in real time.
   *
   * @param ms Real milliseconds.
   * @param options A signal to end the wait early.
   */
  delay(ms: number, { signal }: DelayOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      function abort() {
        realClearTimeout(timer);
        reject(new DOMException("Delay was aborted.", "AbortError"));
      }
      const timer = realSetTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Lets all pending microtasks run. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /**
   * Moves the clock forward.
   *
   * @param ms By how many milliseconds.
   */
  tick(ms = 0): void {
    this.now += ms;
  }

  /**
   * Lets all pending microtasks run, then moves the clock forward.
   *
   * @param ms By how many milliseconds.
   */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /**
   * Moves the clock to the next timer.
   *
   * @returns True if a timer was pending.
   */
  next(): boolean {
    const due = this.#due;
    if (due === undefined) return false;
    this.now = due;
    return true;
  }

  /**
   * Lets all pending microtasks run, then moves the clock to the next timer.
   *
   * @returns True if a timer was pending.
   */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Moves the clock until no timer is left. */
  runAll(): void {
    while (this.next());
  }

  /** Moves the clock until no timer is left, with all microtasks in between. */
  async runAllAsync(): Promise<void> {
    while (this.#due !== undefined) await this.nextAsync();
  }

  /**
   * Restores real time.
   *
   * @throws {TimeError} If time is restored already.
   */
  restore(): void {
    if (faked !== this) throw new TimeError("Time is already restored");
    faked = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realAbortSignalTimeout;
    realClearInterval(this.#advancing);
  }
}
