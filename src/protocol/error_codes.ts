import type { CloseCode } from "./close_codes.ts";

/** The error codes after which the server closes the socket, each with the close code that follows. */
const closing = {
  message_too_big: 1009,
  internal_error: 1011,
  server_restarting: 1012,
  authentication_unavailable: 1013,
  too_many_bad_frames: 4400,
  authentication_required: 4401,
  forbidden: 4403,
  origin_not_allowed: 4403,
  too_slow: 4408,
  disconnected_by_operator: 4409,
  rate_limited: 4429,
  too_many_connections: 4429,
} as const satisfies Readonly<Record<string, CloseCode>>;

/** The code of an `error` frame after which the server closes the socket. */
export type ClosingErrorCode = keyof typeof closing;

/**
 * The close code that follows each of these errors. The error decides the
 * client's next step: the close may be lost, to a proxy that cuts the
 * connection, or to a runtime that closes badly. The one exception is an error
 * that names a `connection_id`: the error is about that task, and no close
 * follows.
 */
export const closingErrors: Readonly<Record<string, CloseCode | undefined>> =
  closing;

/** The code of an `error` frame after which the socket stays open. */
export type OpenErrorCode =
  | "bad_frame"
  | "store_unavailable"
  | "task_finished"
  | "task_unknown"
  | "too_many_subscriptions";

/** The code of an `error` frame, apart from the reasons for rejecting a token. */
export type ErrorCode = ClosingErrorCode | OpenErrorCode;
