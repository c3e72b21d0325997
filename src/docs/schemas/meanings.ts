import type { AuthStatus, TokenRejectionCode } from "../../auth/identity.ts";
import type { closeCodes } from "../../protocol/close_codes.ts";
import type { ErrorCode } from "../../protocol/error_codes.ts";
import type { Status } from "../../tasks/status.ts";

/** The meanings of a task's `status`. */
export const statusMeanings: Readonly<Record<Status, string>> = {
  queued: "waits for a worker",
  running: "a worker is working on the task",
  lost:
    "the lease expired without an event or heartbeat; a later event resumes the task",
  succeeded: "completed; final",
  failed: "ended with an error; a higher `attempt` reopens the task",
  canceled: "ended by a cancel; a higher `attempt` reopens the task",
};

/** The conditions of each `auth_status`. */
export const authStatusMeanings: Readonly<Record<AuthStatus, string>> = {
  guest: "no token was sent",
  authenticated: "the token is valid",
  invalid_token:
    "the token was rejected: an `error` frame gives the reason, and the client is a guest",
  auth_error:
    "the token could not be checked: an `error` frame gives the reason, and the client is a guest",
};

/** The reasons for rejecting a token. */
export const tokenCodeMeanings: Readonly<Record<TokenRejectionCode, string>> = {
  token_malformed: "the token is not a JWT",
  token_expired: "the token's `exp` has passed",
  token_not_yet_valid: "the token's `nbf` is in the future",
  token_bad_signature: "the token was signed with a different key, or changed",
  token_wrong_algorithm: "no key of the server uses the token's algorithm",
  token_wrong_issuer: "the token's `iss` is not TASKWIRE_JWT_ISSUER",
  token_wrong_audience: "the token's `aud` lacks TASKWIRE_JWT_AUDIENCE",
  token_without_user: "the token has neither `sub` nor `user_id`",
  token_unknown_key: "no key has the token's `kid`",
  verifier_unavailable: "the keys can't be fetched now",
};

/** The meanings of all further codes of `error` frames. */
export const errorCodeMeanings: Readonly<Record<ErrorCode, string>> = {
  authentication_required: "a valid token is required",
  authentication_unavailable:
    "a token is required, and tokens can't be checked now",
  bad_frame: "a frame is malformed",
  disconnected_by_operator: "an operator closed the connection",
  forbidden: "this user may not watch or cancel the task, or see the list",
  internal_error: "the server failed; see the server's log",
  message_too_big: "a message is longer than TASKWIRE_MAX_MESSAGE_BYTES",
  origin_not_allowed: "pages of this origin may not connect",
  rate_limited: "messages arrive faster than TASKWIRE_MESSAGE_RATE",
  server_restarting: "the server stops or restarts",
  store_unavailable: "the store can't be reached now",
  task_finished: "the task has already ended",
  task_unknown:
    "no such task: nothing was published under this id, or it has expired",
  too_many_bad_frames: "ten frames were malformed",
  too_many_connections:
    "the address or the user has reached its connection limit",
  too_many_lists: "the socket has reached its limit of lists",
  too_many_subscriptions: "the socket has reached its limit of watched tasks",
  too_slow: "the client read too slowly",
};

/** A close code, described for clients. */
export interface CloseMeaning {
  readonly when: string;
  readonly reconnect: string;
}

/** The close codes with reconnect advice (spec §1, 'Close codes'). */
export const closeMeanings: Readonly<
  Record<keyof typeof closeCodes, CloseMeaning>
> = {
  normal: { when: "normal end", reconnect: "optional" },
  goingAway: {
    when: "the client was silent for TASKWIRE_IDLE_TIMEOUT",
    reconnect: "optional",
  },
  messageTooBig: {
    when: "a message is longer than TASKWIRE_MAX_MESSAGE_BYTES",
    reconnect: "no",
  },
  internalError: {
    when: "the server failed; see the server's log",
    reconnect: "yes, with backoff",
  },
  serviceRestart: {
    when: "the server is shutting down or restarting",
    reconnect: "yes, after `retry_after_ms`",
  },
  tryAgainLater: {
    when: "authentication is required and can't be checked now",
    reconnect: "yes, with backoff",
  },
  badFrames: {
    when: "ten frames were malformed",
    reconnect: "no",
  },
  unauthorized: {
    when:
      "authentication is required, or the token for a private task has expired",
    reconnect: "with a new token",
  },
  forbidden: {
    when: "this user may not watch this task, or the origin is not allowed",
    reconnect: "no",
  },
  tooSlow: {
    when: "the client read too slowly",
    reconnect: "yes, resuming",
  },
  disconnected: { when: "an operator closed the socket", reconnect: "no" },
  rateLimited: {
    when: "too many messages, or connections of one address or user",
    reconnect: "yes, with backoff",
  },
};
