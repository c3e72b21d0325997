import { takePage } from "../store/list_page.ts";
import {
  comparePositions,
  type ConnectionPosition,
} from "./connection_position.ts";
import type { ConnectionsAnswer, ListedConnection } from "./other_nodes.ts";

/** A page of connections, merged from several nodes. */
export interface MergedPage {
  /** The number of open connections on all nodes. */
  readonly total: number;
  /** Oldest first. */
  readonly connections: readonly ListedConnection[];
  /** The position before the next page; absent on the last page. */
  readonly cursor?: ConnectionPosition;
}

/**
 * Merges the pages of several nodes into a single page. The merged page ends with
 * the first cut page, since later connections of the page's node are unknown, or
 * once the connections are long enough for an answer. A page before the last can
 * therefore be shorter than the limit.
 *
 * @param pages A page per node, all after the same position.
 */
export function mergePages(
  pages: readonly ConnectionsAnswer[],
  limit: number,
): MergedPage {
  const total = pages.reduce((sum, page) => sum + page.total, 0);
  const found = pages.length === 1
    ? pages[0]?.connections ?? []
    : pages.flatMap((page) => page.connections).sort(comparePositions);
  const end = pages.reduce(
    (end, page) => Math.min(end, knownLength(page, found)),
    found.length,
  );
  const { page: connections, hasMore } = takePage(
    found.slice(0, end),
    limit,
    ({ json }) => json.length,
  );
  const last = connections.at(-1);
  const isLast = !hasMore && end === found.length &&
    !pages.some(({ isCut }) => isCut);
  if (isLast || last === undefined) return { total, connections };
  return { total, connections, cursor: { serial: last.serial, id: last.id } };
}

/** Counts the connections up to a page's end; all if the page is complete. */
function knownLength(
  { connections, isCut }: ConnectionsAnswer,
  found: readonly ListedConnection[],
): number {
  const last = connections.at(-1);
  if (!isCut || last === undefined) return found.length;
  return found.lastIndexOf(last) + 1;
}
