import type { Identity } from "../auth/identity.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import type { ListRequest } from "./lists.ts";

/** Returns the error for a forbidden task. */
export function forbidden(): ErrorFrame {
  return {
    code: "forbidden",
    message:
      "This user may not watch this task: connect with a token of the task's user, or a token with the task in its 'tasks' claim",
  };
}

/** Returns the error for a forbidden list. */
export function forbiddenList({ list, mine }: ListRequest): ErrorFrame {
  return {
    code: "forbidden",
    message: mine
      ? "Only an authenticated user has tasks: send a token in an auth frame, or connect with a token"
      : "This user may not list these labels: use a token whose 'labels' claim covers one of them",
    list,
  };
}

/**
 * Adds the delay of a retry to a refusal if the client's token could not be
 * checked: with a checked token, the client may be admitted.
 */
export function withRetry(refusal: ErrorFrame, identity: Identity): ErrorFrame {
  return identity.status === "auth_error"
    ? { ...refusal, retryAfterMs: jitteredRetryMs() }
    : refusal;
}

/** Returns the error for a request about a task while the store is down. */
export function storeUnavailable(taskId: string): ErrorFrame {
  return {
    code: "store_unavailable",
    message: "The store can't be reached now: try again later",
    taskId,
    retryAfterMs: jitteredRetryMs(),
  };
}
