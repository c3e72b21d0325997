import type { CloseCode } from "./close_codes.ts";

/** The error codes followed by a close of the socket, with the close code. */
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

/** The code of an `error` frame followed by a close. */
export type ClosingErrorCode = keyof typeof closing;

/**
 * The close codes that follow errors. The client's next step depends on the
 * error: the close may get lost, if a proxy cuts the connection or a runtime
 * closes badly. Exception: an error with a `connection_id` or a `list` is about a
 * single task or list, and no close follows.
 */
export const closingErrors: Readonly<Record<string, CloseCode | undefined>> =
  closing;

/** The code of an `error` frame on a socket that stays open. */
export type OpenErrorCode =
  | "bad_frame"
  | "store_unavailable"
  | "task_finished"
  | "task_unknown"
  | "too_many_lists"
  | "too_many_subscriptions";

/** The code of an `error` frame, except for rejected tokens. */
export type ErrorCode = ClosingErrorCode | OpenErrorCode;
