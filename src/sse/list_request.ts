import type { Context } from "hono";
import { badQuery, parseStatus, readWhole } from "../http/request.ts";
import { listBounds } from "../protocol/client_frames.ts";
import type { ListRequest } from "../realtime/lists.ts";
import { maxLabels } from "../tasks/draft.ts";

/**
 * Reads the list of a stream from the query. A stream has a single list, so the
 * list needs no name of the client's own: the name is `mine` or `labels`.
 *
 * @throws {ProblemError} 400 for a bad query.
 */
export function readListRequest(c: Context): ListRequest {
  const mine = c.req.query("mine");
  const labels = c.req.queries("label") ?? [];
  if (mine !== undefined && mine !== "true") {
    throw badQuery("mine: expected true");
  }
  if ((mine === undefined) === (labels.length === 0)) {
    throw badQuery("Give either mine=true or labels, each as label=");
  }
  if (labels.length > listBounds.labels) {
    throw badQuery(`label: give ${listBounds.labels} labels at most`);
  }
  // Counts characters, not UTF-16 code units, as for the labels of tasks.
  const lengths = labels.map((label) => [...label].length);
  if (lengths.some((length) => length < 1 || length > maxLabels.length)) {
    throw badQuery(`label: expected 1 to ${maxLabels.length} characters`);
  }
  const status = c.req.queries("status")?.map(parseStatus);
  return {
    ...(mine ? { list: "mine", mine: true } : { list: "labels", labels }),
    ...(status ? { status } : {}),
    limit: readWhole(c, "limit", {
      min: 1,
      max: listBounds.limit,
      fallback: listBounds.defaultLimit,
    }),
  };
}
