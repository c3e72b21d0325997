/** The members that show how far a task is. */
export interface Amounts {
  readonly progress?: number;
  readonly current?: number;
  readonly total?: number;
}

/**
 * The progress measured over the events of one attempt. Part of the stored
 * state, so that each store estimates the same rate and end.
 */
export interface MeasuredProgress {
  /** The measured member. */
  readonly of: "current" | "progress";
  /** The number of events that moved the member, the first value included. */
  readonly count: number;
  /** The time of the first of these events, in milliseconds since 1970. */
  readonly firstMs: number;
  /** The time of the newest of these events, in milliseconds since 1970. */
  readonly newestMs: number;
  /** The newest value of the member. */
  readonly value: number;
  /** The time of the newest sample of the rate, in milliseconds since 1970. */
  readonly sampledMs: number;
  /** The value at the newest sample. */
  readonly sampled: number;
  /** The smoothed interval between samples, in milliseconds; 0 if unknown. */
  readonly typicalMs: number;
  /** The smoothed rate, in value per second; 0 if unknown. */
  readonly rate: number;
}

/** The estimates that a running task shows (spec §1). */
export interface Estimates {
  /** Units of `current` per second; absent if `current` is not used. */
  readonly rate?: number;
  /** The estimated end: RFC 3339, UTC; absent if the end can't be known. */
  readonly eta?: string;
}

/** The events that moved a task before a rate is shown (spec §1). */
const minEvents = 3;

/** The share of the smoothed rate that remains after a typical interval. */
const remembered = 0.8;

/**
 * The most that a sample moves the rate, as a share of the rate. A burst may
 * reach into two samples.
 */
const maxMove = 0.2;

/**
 * Measures the progress after an event.
 *
 * A sample of the rate covers at least half of a typical interval, so that many
 * events in quick succession count as a single event. A sample moves the rate
 * by a limited share, so that a burst does not swing the estimates.
 *
 * @param before `undefined` at the start of an attempt.
 * @param now The time of the event, in milliseconds since 1970.
 */
export function measureProgress(
  before: MeasuredProgress | undefined,
  { current, progress }: Amounts,
  now: number,
): MeasuredProgress | undefined {
  const of = current === undefined ? "progress" : "current";
  const value = current ?? progress;
  if (value === undefined) return undefined;
  if (before?.of !== of) {
    return {
      of,
      count: 1,
      firstMs: now,
      newestMs: now,
      value,
      sampledMs: now,
      sampled: value,
      typicalMs: 0,
      rate: 0,
    };
  }
  if (value === before.value) return before;
  const count = before.count + 1;
  const moved = { ...before, count, newestMs: now, value };
  const elapsedMs = now - before.sampledMs;
  const { typicalMs } = before;
  if (count < minEvents || elapsedMs <= 0 || elapsedMs < typicalMs / 2) {
    return moved;
  }
  const sample = (value - before.sampled) / elapsedMs * 1_000;
  const taken = { ...moved, sampledMs: now, sampled: value };
  if (typicalMs === 0) {
    return { ...taken, typicalMs: elapsedMs / (count - 1), rate: sample };
  }
  const weight = Math.max(1 / count, 1 - remembered ** (elapsedMs / typicalMs));
  const most = maxMove * Math.abs(before.rate);
  const move = weight * (sample - before.rate);
  return {
    ...taken,
    typicalMs: typicalMs + weight * (elapsedMs - typicalMs),
    rate: before.rate > 0
      ? before.rate + Math.min(most, Math.max(-most, move))
      : sample,
  };
}

/**
 * Estimates rate and end from the measured progress.
 *
 * @param now The present time, in milliseconds since 1970.
 * @returns No estimates before three events, and none for a stalled task: the
 * task has made no progress for longer than the remaining time last estimated,
 * or, if no end is known, for longer than the time measured.
 */
export function estimateAt(
  { of, count, firstMs, newestMs, value, rate }: MeasuredProgress,
  amounts: Amounts,
  now: number,
): Estimates {
  if (count < minEvents || !(rate > 0 && rate < Infinity)) return {};
  const shownRate = of === "current"
    ? { rate: Number(rate.toPrecision(6)) }
    : {};
  const remaining = remainingValue(of, value, amounts);
  if (remaining === undefined) {
    return now - newestMs > newestMs - firstMs ? {} : shownRate;
  }
  const endMs = newestMs + Math.ceil(remaining / rate * 1_000);
  if (now > endMs) return {};
  if (!(endMs <= maxTimeMs)) return shownRate;
  return { ...shownRate, eta: new Date(endMs).toISOString() };
}

/** The latest time of year 9999, in milliseconds since 1970 (RFC 3339). */
const maxTimeMs = 253_402_300_799_999;

function remainingValue(
  of: MeasuredProgress["of"],
  value: number,
  { progress, total }: Amounts,
): number | undefined {
  if (of === "progress") return 1 - value;
  if (total !== undefined) return Math.max(0, total - value);
  return progress ? value * (1 - progress) / progress : undefined;
}
