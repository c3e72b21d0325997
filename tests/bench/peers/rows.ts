import { baseline, type Peer } from "./catalog.ts";
import type { Outcome } from "./load/job.ts";
import type { Metric } from "./works.ts";

/** The numbers of a server for a metric. */
export interface Row {
  readonly work: string;
  readonly metric: Metric;
  readonly peer: string;
  readonly label: string;
  /** One value per round. */
  readonly values: readonly number[];
  /** Lost or reordered frames and failed connections, in all rounds. */
  readonly faults: number;
  /** Shares of a core, medians of the rounds; absent without load. */
  readonly serverCpu?: number;
  readonly loadCpu?: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Returns the rows of a server for a work. */
export function toRows(
  work: string,
  metrics: readonly Metric[],
  peer: Peer,
  outcomes: readonly Outcome[],
): Row[] {
  return metrics.map((metric) => ({
    work,
    metric,
    peer: peer.name,
    label: peer.label,
    values: outcomes.map(({ values }) => values[metric.key] ?? NaN),
    faults: outcomes.reduce((sum, { faults }) => sum + faults, 0),
    serverCpu: median(outcomes.map(({ serverCpu }) => serverCpu)),
    loadCpu: median(outcomes.map(({ loadCpu }) => loadCpu)),
  }));
}

/** Returns a row's median as a multiple of bare Deno's, if measured. */
export function ratioOf(row: Row, rows: readonly Row[]): number | undefined {
  const base = rows.find((other) =>
    other.peer === baseline && other.metric.title === row.metric.title
  );
  return base && median(row.values) / median(base.values);
}

/** Groups the rows by metric, in order. */
export function byMetric(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ metric }) => metric.title);
}
