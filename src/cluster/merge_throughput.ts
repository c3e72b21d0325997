import { keptSeconds } from "../metrics/throughput.ts";
import type { NodeStats } from "./other_nodes.ts";

/**
 * The largest difference between the clocks of two nodes, in seconds, to still
 * align. The newest seconds are left out until all nodes have counted.
 */
const maxLagSeconds = 5;

/** A range of seconds since 1970. */
interface Seconds {
  readonly from: number;
  readonly length: number;
}

/**
 * Sums the throughput of several nodes, second by second. Delays can't be
 * summed: the slowest node's delay counts. Seconds before a node's start count
 * as 0.
 *
 * @param own The throughput of this node. The clock of this node counts.
 * @param since The first second requested, in seconds since 1970.
 */
export function mergeStats(
  own: NodeStats,
  others: readonly NodeStats[],
  since: number,
): NodeStats {
  if (others.length === 0) return own;
  const all = [own, ...others];
  const seconds = commonSeconds(own, all, since);
  const add = (list: "published" | "delivered" | "connections") =>
    merge(all, seconds, ({ history }) => history[list], sum);
  const slowest = (list: "p50Ms" | "p99Ms") =>
    merge(all, seconds, ({ history }) => history[list], max);
  return {
    startedAtMs: Math.min(...all.map(({ startedAtMs }) => startedAtMs)),
    connections: sum(all.map(({ connections }) => connections)),
    totals: {
      published: sum(all.map(({ totals }) => totals.published)),
      delivered: sum(all.map(({ totals }) => totals.delivered)),
    },
    history: {
      from: seconds.from,
      published: add("published"),
      delivered: add("delivered"),
      connections: add("connections"),
      p50Ms: slowest("p50Ms"),
      p99Ms: slowest("p99Ms"),
    },
  };
}

/** Returns the seconds completed and still kept by all nodes. */
function commonSeconds(
  own: NodeStats,
  all: readonly NodeStats[],
  since: number,
): Seconds {
  const near = all.filter((node) =>
    Math.abs(endOf(node) - endOf(own)) <= maxLagSeconds
  );
  const ends = near.map(endOf);
  const from = Math.max(
    since,
    Math.min(...near.map(({ history }) => history.from)),
    Math.max(...ends) - keptSeconds,
  );
  return { from, length: Math.max(0, Math.min(...ends) - from) };
}

/** Returns the second that the node is still counting. */
function endOf({ history }: NodeStats): number {
  return history.from + history.published.length;
}

/** Merges a list of all nodes by second; missing figures are left out. */
function merge<Figure, Merged>(
  nodes: readonly NodeStats[],
  { from, length }: Seconds,
  listOf: (node: NodeStats) => readonly Figure[],
  mergeFigures: (figures: readonly Figure[]) => Merged,
): Merged[] {
  return Array.from({ length }, (_, index) =>
    mergeFigures(
      nodes.map((node) => listOf(node)[from + index - node.history.from])
        .filter((figure) => figure !== undefined),
    ));
}

function sum(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0);
}

/** Returns the largest figure, or `null` without figures. */
function max(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : Math.max(...known);
}
