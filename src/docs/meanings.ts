import type { AuthStatus, TokenRejectionCode } from "../auth/identity.ts";
import type { closeCodes } from "../protocol/close_codes.ts";
import type { ErrorCode } from "../protocol/error_codes.ts";
import type { Status } from "../tasks/status.ts";

/** What each `status` of a task says. */
export const statusMeanings: Readonly<Record<Status, string>> = {
  queued: "waits for a worker",
  running: "a worker is at it",
  lost: "its worker let a lease end; a later event takes it on",
  succeeded: "done, for good",
  failed: "over, unless a higher `attempt` reopens it",
  canceled: "over, unless a higher `attempt` reopens it",
};

/** When a connection has each `auth_status`. */
export const authStatusMeanings: Readonly<Record<AuthStatus, string>> = {
  guest: "no token came",
  authenticated: "the token verifies",
  invalid_token: "the token was not accepted: a guest, told why",
  auth_error: "the token could not be checked: a guest, told why",
};

/** Why a token was not accepted. */
export const tokenCodeMeanings: Readonly<Record<TokenRejectionCode, string>> = {
  token_malformed: "it is no JWT",
  token_expired: "its `exp` is over",
  token_not_yet_valid: "its `nbf` is still to come",
  token_bad_signature: "it was signed with another key, or changed since",
  token_wrong_algorithm: "its algorithm is not one of this server's keys",
  token_wrong_issuer: "its `iss` is not TASKWIRE_JWT_ISSUER",
  token_wrong_audience: "its `aud` lacks TASKWIRE_JWT_AUDIENCE",
  token_without_user: "it has neither `sub` nor `user_id`",
  token_unknown_key: "no key has its `kid`",
  verifier_unavailable: "the keys can't be had now",
};

/** What the other codes of `error` frames say. */
export const errorCodeMeanings: Readonly<Record<ErrorCode, string>> = {
  authentication_required: "a valid token is needed here",
  authentication_unavailable: "a token is needed, and can't be checked now",
  bad_frame: "a frame was not understood",
  disconnected_by_operator: "an operator ended the connection",
  forbidden: "this user may not watch, or cancel, this task",
  internal_error: "the server failed; its log says why",
  message_too_big: "a message is over TASKWIRE_MAX_MESSAGE_BYTES",
  origin_not_allowed: "pages of this origin may not connect",
  rate_limited: "too many messages at once",
  server_restarting: "the server stops or restarts",
  store_unavailable: "the store can't be reached now",
  task_finished: "the task is over already",
  task_unknown: "nothing is known of the task",
  too_many_bad_frames: "ten frames were not understood",
  too_many_connections: "one more than an address or a user may have",
  too_many_subscriptions: "one more task than a socket may watch",
  too_slow: "the client did not read for too long",
};

/** A close code for those who meet it. */
export interface CloseMeaning {
  readonly when: string;
  readonly reconnect: string;
}

/** When the server closes with each code, and what the client should do then (spec §1, 'Close codes'). */
export const closeMeanings: Readonly<
  Record<keyof typeof closeCodes, CloseMeaning>
> = {
  normal: { when: "the normal end", reconnect: "as it likes" },
  goingAway: {
    when: "the client was silent for TASKWIRE_IDLE_TIMEOUT",
    reconnect: "as it likes",
  },
  messageTooBig: {
    when: "a message is over TASKWIRE_MAX_MESSAGE_BYTES",
    reconnect: "no",
  },
  internalError: {
    when: "a fault of the server, which is in its log",
    reconnect: "yes, with backoff",
  },
  serviceRestart: {
    when: "the server stops or restarts",
    reconnect: "yes, after `retry_after_ms`",
  },
  tryAgainLater: {
    when: "authentication is required and can't be checked now",
    reconnect: "yes, with backoff",
  },
  badFrames: {
    when: "ten frames could not be understood",
    reconnect: "no",
  },
  unauthorized: {
    when: "authentication is required, or a private task's token ended",
    reconnect: "with a new token",
  },
  forbidden: {
    when: "this user may not watch this task, or the origin is not allowed",
    reconnect: "no",
  },
  tooSlow: {
    when: "the client did not read for too long",
    reconnect: "yes, resuming",
  },
  disconnected: { when: "an operator closed the socket", reconnect: "no" },
  rateLimited: {
    when: "too many messages, or connections of one address or user",
    reconnect: "yes, with backoff",
  },
};
