import type { ErrorFrame } from "../protocol/server_frames.ts";
import { jitteredRetryMs } from "../connections/retry.ts";

/** The client may not watch a task. */
export function forbidden(): ErrorFrame {
  return {
    code: "forbidden",
    message:
      "This user may not watch this task: connect with a token of the task's user, or one whose 'tasks' claim names it",
  };
}

/** What a client asked of a task can't be done while the store is away. */
export function storeUnavailable(taskId: string): ErrorFrame {
  return {
    code: "store_unavailable",
    message: "The store can't be reached now: ask again later",
    taskId,
    retryAfterMs: jitteredRetryMs(),
  };
}
