import type { ConnectionRegistry } from "./sockets/registry.ts";
import type { Stats, StatsHistory, StatsTotals } from "./stats.ts";

/** How much a process does, or several; plain JSON. */
export interface StatsReport {
  /** In milliseconds since 1970; of several, the first. */
  readonly startedAtMs: number;
  /** Open connections. */
  readonly connections: number;
  readonly totals: StatsTotals;
  readonly seconds: StatsHistory;
}

/**
 * How much this process does.
 *
 * @param since The first second that is asked for, in seconds since 1970.
 */
export function reportStats(
  { stats, registry }: {
    readonly stats: Stats;
    readonly registry: ConnectionRegistry;
  },
  since: number,
): StatsReport {
  return {
    startedAtMs: stats.startedAt.getTime(),
    connections: registry.openCount,
    totals: stats.totals,
    seconds: stats.history(since),
  };
}

/**
 * How much two processes do together. Of the times that deliveries took, the
 * longer counts, which is an upper bound: the quantile of both lies below it.
 */
export function addReports(one: StatsReport, other: StatsReport): StatsReport {
  return {
    startedAtMs: Math.min(one.startedAtMs, other.startedAtMs),
    connections: one.connections + other.connections,
    totals: {
      published: one.totals.published + other.totals.published,
      delivered: one.totals.delivered + other.totals.delivered,
    },
    seconds: addHistories(one.seconds, other.seconds),
  };
}

/** A second that only one has closed yet is left to the next question; before it began, a process did nothing. */
function addHistories(one: StatsHistory, other: StatsHistory): StatsHistory {
  const from = Math.min(one.from, other.from);
  const length = Math.max(0, Math.min(endOf(one), endOf(other)) - from);
  const both = <Figure>(
    read: (history: StatsHistory) => readonly Figure[],
    join: (one: Figure | undefined, other: Figure | undefined) => Figure,
  ) =>
    Array.from({ length }, (_, index) => {
      const figure = (history: StatsHistory) =>
        read(history)[from + index - history.from];
      return join(figure(one), figure(other));
    });
  return {
    from,
    published: both(({ published }) => published, add),
    delivered: both(({ delivered }) => delivered, add),
    connections: both(({ connections }) => connections, add),
    p50Ms: both(({ p50Ms }) => p50Ms, longer),
    p99Ms: both(({ p99Ms }) => p99Ms, longer),
  };
}

const endOf = ({ from, published }: StatsHistory) => from + published.length;

const add = (one = 0, other = 0) => one + other;

const longer = (one: number | null = null, other: number | null = null) =>
  one === null || other === null ? one ?? other : Math.max(one, other);
