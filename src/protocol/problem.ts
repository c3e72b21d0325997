import type { TokenRejectionCode } from "../auth/identity.ts";
import type { ErrorCode } from "./error_codes.ts";
import { log } from "../log/log.ts";
import {
  StoreDisconnectedError,
  StoreUnavailableError,
} from "../tasks/store.ts";

/** The codes of problems (RFC 9457), each with its HTTP statuses. */
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
  body_too_large: [413],
  unsupported_encoding: [415],
  bad_event: [422],
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

/** The code of a problem: a stable word for programs. */
export type ProblemCode = keyof typeof problemStatuses;

/** A problem that this server reports over HTTP. */
export interface Problem {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** A stream of events is refused with the codes of a socket's errors. */
  readonly code: ProblemCode | ErrorCode | TokenRejectionCode;
  /** What is wrong with this request and what to do. */
  readonly detail: string;
  /** Headers of the answer, besides those that its status brings. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends the handling of a request; the app's error handler answers with the problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  /** Captures no stack: refusals are expected and frequent, and the stack would be most of their cost. */
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

/** When to try again after a 429 or 503, in seconds. */
const retryAfterSeconds = "5";

/**
 * What went wrong with a request, in terms of HTTP: a store that can't be
 * reached is a 503, and anything unforeseen a 500 without its details, which
 * are logged.
 *
 * @param request Its method and path, for the log.
 * @param requestId By which the answer and the log line are known to belong together.
 */
export function asProblem(
  error: unknown,
  request: string,
  requestId?: string,
): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof StoreUnavailableError) {
    // That it is away was reported once, by whoever holds the connection.
    const isAway = error instanceof StoreDisconnectedError;
    log[isAway ? "debug" : "error"](
      "{request}: the store is unavailable: {error}",
      { request, requestId, error },
    );
    return {
      status: 503,
      code: "store_unavailable",
      detail: isAway
        ? "The store can't be reached now: try again later, and with the same event_id, since it may have taken the event"
        : "The store can't be used now, and nothing was changed: try again later",
    };
  }
  log.error("{request} failed: {error}", { request, requestId, error });
  return {
    status: 500,
    code: "internal_error",
    detail: "The server failed on this request: its log says why",
  };
}

/**
 * A problem as the members of problem details (RFC 9457). The type is
 * `about:blank`, so the title is the status's name; `code` is an extension.
 */
export function problemBody({ status, code, detail }: Problem) {
  return { type: "about:blank", title: titles[status], status, code, detail };
}

/**
 * Answers with problem details; a 401 brings its challenge (RFC 6750 §3), a
 * 429 or 503 when to come back.
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
