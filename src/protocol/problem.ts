import type { TokenRejectionCode } from "../auth/identity.ts";
import type { ErrorCode } from "./error_codes.ts";
import { log } from "../log/log.ts";
import {
  BackupUnsupportedError,
  StoreDisconnectedError,
  StoreUnavailableError,
} from "../tasks/store.ts";

/** The codes of problems (RFC 9457) with their HTTP statuses. */
export const problemStatuses = {
  bad_json: [400],
  bad_connection_id: [400],
  bad_host: [400],
  bad_request_target: [400],
  bad_framing: [400],
  client_gone: [400],
  bad_query: [400],
  body_incomplete: [400],
  missing_websocket_key: [400],
  unauthorized: [401],
  authentication_required: [401],
  insufficient_scope: [403],
  task_not_allowed: [403],
  forbidden: [403],
  origin_not_allowed: [403],
  not_found: [404],
  task_unknown: [404],
  connection_unknown: [404],
  method_not_allowed: [405],
  body_timeout: [408],
  task_finished: [409],
  attempt_outdated: [409],
  event_id_reserved: [409],
  owner_fixed: [409],
  labels_fixed: [409],
  backup_unsupported: [409],
  body_too_large: [413],
  unsupported_encoding: [415],
  bad_event: [422],
  lease_too_short: [422],
  upgrade_required: [426],
  unsupported_websocket_version: [426],
  too_many_requests: [429],
  too_many_connections: [429, 503],
  internal_error: [500],
  authentication_unavailable: [503],
  node_silent: [503],
  too_busy: [503],
  draining: [503],
  store_unavailable: [503],
  verifier_unavailable: [503],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** The code of a problem: stable, for programs. */
export type ProblemCode = keyof typeof problemStatuses;

/** A problem reported over HTTP. */
export interface Problem {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** Event streams are refused with the error codes of sockets. */
  readonly code: ProblemCode | ErrorCode | TokenRejectionCode;
  /** The fault of the request, and the remedy. */
  readonly detail: string;
  /** Headers of the answer, in addition to those of its status. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request: the app's error handler answers with the problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  /** Captures no stack, the costliest part of a frequent refusal. */
  constructor(readonly problem: Problem) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(problem.detail);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const titles: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The `Retry-After` of a 429 or 503, in seconds. */
const retryAfterSeconds = "5";

/**
 * Translates an error into a problem: 503 for an unavailable store, 500 for an
 * unforeseen error. The details of errors are logged, not sent.
 *
 * @param request The method and path, for the log.
 * @param requestId The id that connects the answer with the log line.
 */
export function asProblem(
  error: unknown,
  request: string,
  requestId?: string,
): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof BackupUnsupportedError) {
    return {
      status: 409,
      code: "backup_unsupported",
      detail:
        "Only an SQLite store can be backed up here (TASKWIRE_STORE): back up Redis by its own persistence",
    };
  }
  if (error instanceof StoreUnavailableError) {
    // The owner of the connection has already reported the outage.
    const isAway = error instanceof StoreDisconnectedError;
    log[isAway ? "debug" : "error"](
      "{request}: the store is unavailable: {error}",
      { request, requestId, error },
    );
    return {
      status: 503,
      code: "store_unavailable",
      detail: isAway
        ? "The store can't be reached now, and may have stored the event: try again later with the same event_id"
        : "The store can't be used now, and nothing was changed: try again later",
    };
  }
  log.error("{request} failed: {error}", { request, requestId, error });
  return {
    status: 500,
    code: "internal_error",
    detail: "The server failed on this request: see the server's log",
  };
}

/**
 * Encodes a problem as problem details (RFC 9457). The type is `about:blank`,
 * so the title is the name of the status; `code` is an extension.
 */
export function problemBody({ status, code, detail }: Problem) {
  return { type: "about:blank", title: titles[status], status, code, detail };
}

/**
 * Answers with problem details. A 401 has a challenge (RFC 6750 §3), a 429 or
 * 503 the time to try again.
 */
export function problemResponse(problem: Problem): Response {
  const { status, headers } = problem;
  return new Response(JSON.stringify(problemBody(problem)), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      ...(status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
      ...(status === 429 || status === 503
        ? { "Retry-After": retryAfterSeconds }
        : {}),
      ...headers,
    },
  });
}
