import { keptSeconds } from "../metrics/throughput.ts";
import type { NodeStats } from "./peers.ts";

/**
 * How far the clocks of two nodes may be apart for each to wait for the other,
 * in seconds: the latest seconds are left out until both have them.
 */
const maxLagSeconds = 5;

/** What the nodes of a server did in one and the same second. */
interface Seconds {
  readonly from: number;
  readonly length: number;
}

/**
 * Sums what several nodes do, second by second. Delays can't be summed: theirs
 * are those of the slowest node. A second before a node began counts as none.
 *
 * @param own Of the node that was asked, whose clock counts.
 * @param since The first second that is asked for, in seconds since 1970.
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

/** The seconds that are over on all nodes, and which none has forgotten yet. */
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

/** The second that still counts on a node: the first that its history lacks. */
function endOf({ history }: NodeStats): number {
  return history.from + history.published.length;
}

/** One list of all nodes, aligned by second; a node's lacking figure is left out. */
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

/** The largest; `null` where there is none. */
function max(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : Math.max(...known);
}
