import type { CloseCode } from "./close_codes.ts";

type CloseCodes = Readonly<Record<string, CloseCode | undefined>>;

const final = {
  message_too_big: 1009,
  too_many_bad_frames: 4400,
  authentication_required: 4401,
  forbidden: 4403,
  origin_not_allowed: 4403,
  disconnected_by_operator: 4409,
} as const satisfies CloseCodes;

const temporary = {
  internal_error: 1011,
  server_restarting: 1012,
  authentication_unavailable: 1013,
  too_slow: 4408,
  rate_limited: 4429,
  too_many_connections: 4429,
} as const satisfies CloseCodes;

/** The code of an `error` frame followed by a close. */
export type ClosingErrorCode = keyof typeof final | keyof typeof temporary;

/**
 * The close codes that follow errors after which a client does not simply
 * reconnect. The client obeys the error: the close may get lost, if a proxy cuts
 * the connection or a runtime closes badly. Exception: an error with a
 * `connection_id` or a `list` is about a single task or list, and no close
 * follows.
 */
export const finalErrors: CloseCodes = final;

/** The close codes that follow errors after which a client reconnects. */
export const temporaryErrors: CloseCodes = temporary;

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
