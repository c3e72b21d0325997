/** The upper bounds of the latency buckets, in whole milliseconds; a last bucket has no bound. */
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

/** The latency reported for the bucket without a bound, in milliseconds. */
const beyondBoundsMs = 20_000;

/** The length of the history, in seconds. */
export const keptSeconds = 600;

/** The figures of consecutive seconds, oldest first; all lists have the same length. */
export interface StatsHistory {
  /** The first second, in seconds since 1970. */
  readonly from: number;
  /** Events accepted by the store. */
  readonly published: readonly number[];
  /** Deliveries of these events, counted once per watcher. */
  readonly delivered: readonly number[];
  /**
   * Open connections. A second without publishes and requests has the number
   * found after that second.
   */
  readonly connections: readonly number[];
  /**
   * The median time from the acceptance of an event until the event is written
   * to all watchers, in milliseconds, rounded up to a bucket; `null` in a second
   * without events.
   */
  readonly p50Ms: readonly (number | null)[];
  /** The 99th percentile of the same time. */
  readonly p99Ms: readonly (number | null)[];
}

/** Sums since the process started. */
export interface StatsTotals {
  readonly published: number;
  readonly delivered: number;
}

/**
 * The throughput of the process, per second, for the last 10 minutes.
 *
 * A publish costs a few additions to integers, and a delivery nothing. No timer
 * runs: the first call after a second closes that second.
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
  /** The current second; its slot is the remainder of a division by the number of slots. */
  #second: number;
  #publishedNow = 0;
  #deliveredNow = 0;
  #publishedBefore = 0;
  #deliveredBefore = 0;

  /**
   * @param connectionCount Counts the open connections.
   * @param nowMs Milliseconds since 1970.
   */
  constructor(connectionCount: () => number, nowMs = Date.now()) {
    this.startedAt = new Date(nowMs);
    this.#connectionCount = connectionCount;
    this.#firstSecond = this.#second = Math.floor(nowMs / 1_000);
  }

  /**
   * Counts an event written to its watchers.
   *
   * @param latencyMs The time since the acceptance of the event, in milliseconds.
   * @param delivered The number of watchers reached.
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

  /** Sums since the process started. */
  get totals(): StatsTotals {
    return {
      published: this.#publishedBefore + this.#publishedNow,
      delivered: this.#deliveredBefore + this.#deliveredNow,
    };
  }

  /**
   * Returns the figures of past seconds, for the last 10 minutes at most.
   *
   * @param since The first requested second, in seconds since 1970.
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
    // After the clock is set back, counting continues in the latest second.
    if (second <= this.#second) return;
    this.#close(this.#second);
    const idle = Math.max(this.#second + 1, second - keptSeconds);
    for (let skipped = idle; skipped < second; skipped++) this.#close(skipped);
    this.#second = second;
  }

  /** Stores the figures of the current second and resets the counts. */
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

  /** The upper bound of the latency of a share of the events; -1 without events. */
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
