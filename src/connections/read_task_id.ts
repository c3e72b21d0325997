import type { Context } from "hono";
import { ProblemError } from "../protocol/problem.ts";
import { taskIdFault } from "../tasks/task_id.ts";

/**
 * Reads the task's id from the path of a request.
 *
 * @throws {ProblemError} 400 for an invalid id.
 */
export function readTaskId(c: Context): string {
  if (isDecodable(c.req.url)) {
    return checkTaskId(c.req.param("connection_id"));
  }
  throw badConnectionId(
    "The connection_id is not percent-encoded UTF-8: encode it with encodeURIComponent or the like",
  );
}

/**
 * Checks a task's id from a request.
 *
 * @throws {ProblemError} 400 for an invalid id.
 */
export function checkTaskId(value: unknown): string {
  const detail = typeof value === "string"
    ? taskIdFault(value)
    : value === undefined
    ? "The connection_id is missing"
    : "The connection_id must be text";
  if (detail === undefined) return value as string;
  throw badConnectionId(detail);
}

function badConnectionId(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: "bad_connection_id", detail });
}

/** Checks the percent-encoding of a path: Hono passes on undecodable ids. */
function isDecodable(url: string): boolean {
  if (!url.includes("%")) return true;
  try {
    decodeURIComponent(new URL(url).pathname);
    return true;
  } catch {
    return false; // a URIError without details
  }
}
