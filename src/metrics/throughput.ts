/** The upper bounds of the latency buckets, in whole milliseconds; above the last is one more. */
const latencyBoundsMs = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  10,
  15,
  20,
  30,
  50,
  75,
  100,
  150,
  200,
  300,
  500,
  750,
  1_000,
  2_000,
  5_000,
  10_000,
] as const;

/** What an event that took longer than the last bound is said to have taken, in milliseconds. */
const beyondBoundsMs = 20_000;

/** How far back the figures of single seconds reach, in seconds. */
export const keptSeconds = 600;

/** The figures of consecutive seconds, oldest first; all lists are as long. */
export interface StatsHistory {
  /** The first second, in seconds since 1970. */
  readonly from: number;
  /** Events that the store took. */
  readonly published: readonly number[];
  /** Watchers that these events reached. */
  readonly delivered: readonly number[];
  /**
   * Open connections. A second in which nobody published or asked has the
   * number that was found after it.
   */
  readonly connections: readonly number[];
  /**
   * Half of the events were written to all their watchers in this time since
   * the server took them, in milliseconds, rounded up to a bucket; `null` in a
   * second without events.
   */
  readonly p50Ms: readonly (number | null)[];
  /** The same for 99 % of the events. */
  readonly p99Ms: readonly (number | null)[];
}

/** Sums since the process began. */
export interface StatsTotals {
  readonly published: number;
  readonly delivered: number;
}

/**
 * How much the process does, second by second, for as long as 10 minutes back.
 *
 * A publish costs a few additions to integers, and a delivery nothing. Nothing
 * runs by itself: a second is closed by whatever comes first after it.
 */
export class Throughput {
  readonly startedAt: Date;
  readonly #published = new Float64Array(keptSeconds);
  readonly #delivered = new Float64Array(keptSeconds);
  readonly #connections = new Float64Array(keptSeconds);
  readonly #p50Ms = new Float64Array(keptSeconds);
  readonly #p99Ms = new Float64Array(keptSeconds);
  readonly #histogram = new Int32Array(latencyBoundsMs.length + 1);
  readonly #connectionCount: () => number;
  readonly #firstSecond: number;
  /** The second that still counts; its slot is its remainder by the slots. */
  #second: number;
  #publishedNow = 0;
  #deliveredNow = 0;
  #publishedBefore = 0;
  #deliveredBefore = 0;

  /**
   * @param connectionCount How many connections are open now.
   * @param nowMs Milliseconds since 1970.
   */
  constructor(connectionCount: () => number, nowMs = Date.now()) {
    this.startedAt = new Date(nowMs);
    this.#connectionCount = connectionCount;
    this.#firstSecond = this.#second = Math.floor(nowMs / 1_000);
  }

  /**
   * Counts an event that was written to its watchers.
   *
   * @param latencyMs How long after the server took it, in milliseconds.
   * @param delivered The watchers that it reached.
   * @param nowMs Milliseconds since 1970.
   */
  publish(latencyMs: number, delivered: number, nowMs = Date.now()): void {
    this.#advance(nowMs);
    this.#publishedNow += 1;
    this.#deliveredNow += delivered;
    let bucket = 0;
    while (latencyMs > (latencyBoundsMs[bucket] ?? Infinity)) bucket += 1;
    this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1;
  }

  /** Sums since the process began. */
  get totals(): StatsTotals {
    return {
      published: this.#publishedBefore + this.#publishedNow,
      delivered: this.#deliveredBefore + this.#deliveredNow,
    };
  }

  /**
   * The seconds that are over, the newest 10 minutes at most.
   *
   * @param since The first second that is asked for, in seconds since 1970.
   * @param nowMs Milliseconds since 1970.
   */
  history(since = 0, nowMs = Date.now()): StatsHistory {
    this.#advance(nowMs);
    const oldest = Math.max(this.#firstSecond, this.#second - keptSeconds);
    const from = Math.min(Math.max(since, oldest), this.#second);
    const slots = Array.from(
      { length: this.#second - from },
      (_, index) => (from + index) % keptSeconds,
    );
    const read = (ring: Float64Array) => slots.map((slot) => ring[slot] ?? 0);
    const readTimes = (ring: Float64Array) =>
      read(ring).map((ms) => ms < 0 ? null : ms);
    return {
      from,
      published: read(this.#published),
      delivered: read(this.#delivered),
      connections: read(this.#connections),
      p50Ms: readTimes(this.#p50Ms),
      p99Ms: readTimes(this.#p99Ms),
    };
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    // A clock that was set back goes on counting in the second it had reached.
    if (second <= this.#second) return;
    this.#close(this.#second);
    const idle = Math.max(this.#second + 1, second - keptSeconds);
    for (let skipped = idle; skipped < second; skipped++) this.#close(skipped);
    this.#second = second;
  }

  /** Writes down the second that counted, and begins another. */
  #close(second: number): void {
    const slot = second % keptSeconds;
    this.#published[slot] = this.#publishedNow;
    this.#delivered[slot] = this.#deliveredNow;
    this.#connections[slot] = this.#connectionCount();
    this.#p50Ms[slot] = this.#quantileMs(0.5);
    this.#p99Ms[slot] = this.#quantileMs(0.99);
    if (this.#publishedNow > 0) this.#histogram.fill(0);
    this.#publishedBefore += this.#publishedNow;
    this.#deliveredBefore += this.#deliveredNow;
    this.#publishedNow = this.#deliveredNow = 0;
  }

  /** The bound that a share of the events kept to; -1 without events. */
  #quantileMs(share: number): number {
    if (this.#publishedNow === 0) return -1;
    let rest = Math.ceil(this.#publishedNow * share);
    for (const [bucket, count] of this.#histogram.entries()) {
      rest -= count;
      if (rest <= 0) return latencyBoundsMs[bucket] ?? beyondBoundsMs;
    }
    return beyondBoundsMs;
  }
}
