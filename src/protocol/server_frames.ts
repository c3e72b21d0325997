import type { AuthStatus, TokenRejectionCode } from "../auth/identity.ts";
import type { ErrorCode } from "./error_codes.ts";
import { encodeUserId } from "../tasks/user_id.ts";
import type { TaskDescription, TaskEvent } from "../tasks/event.ts";

/** What an `error` frame carries (spec §1). */
export interface ErrorFrame {
  /** A stable word for programs. */
  readonly code: ErrorCode | TokenRejectionCode;
  /** What is wrong and what to do, for the developer who reads it. */
  readonly message: string;
  /** When to come back, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The task that it is about, where a socket watches several. */
  readonly taskId?: string;
}

/** What the `connected` frame of the realtime route says. */
export interface ConnectedFrame {
  readonly message: string;
  readonly taskId: string;
  readonly userId: string;
  readonly authStatus: AuthStatus;
}

/** The first frame on `/ws/realtime`: exactly five members, in this order. */
export function encodeConnected(frame: ConnectedFrame): string {
  const start = encodeBareConnected(frame.message, frame.taskId);
  const userId = encodeUserId(frame.userId);
  const authStatus = JSON.stringify(frame.authStatus);
  return `${
    start.slice(0, -1)
  },"user_id":${userId},"auth_status":${authStatus}}`;
}

/** The first frame on the two routes that know no users. */
export function encodeBareConnected(
  message: string,
  taskId: string,
): string {
  return JSON.stringify({
    type: "connected",
    message,
    connection_id: taskId,
  });
}

/** An `error` frame: the socket stays open unless a close follows. */
export function encodeError(frame: ErrorFrame): string {
  return JSON.stringify({
    type: "error",
    code: frame.code,
    message: frame.message,
    retry_after_ms: frame.retryAfterMs,
    connection_id: frame.taskId,
  });
}

/** The answer to a text message on `/ws/ws/simple`. */
export function encodeEcho(taskId: string, message: string): string {
  return JSON.stringify({ type: "echo", connection_id: taskId, message });
}

/** What a `sync` frame says. */
export interface SyncFrame {
  /** Named where a socket watches several tasks. */
  readonly taskId?: string;
  readonly epoch: string;
  /** The position that the events after this frame continue from: the next one is `offset + 1`. */
  readonly offset: number;
  /** Whether everything after the position asked for follows. */
  readonly recovered: boolean;
  /** The task as clients see it; `undefined` when nothing has been published. */
  readonly task: TaskDescription | undefined;
}

/** Where a watcher stands, before the events that follow. */
export function encodeSync(frame: SyncFrame): string {
  const { taskId, epoch, offset, recovered, task } = frame;
  return JSON.stringify({
    type: "sync",
    connection_id: taskId,
    epoch,
    offset,
    recovered,
    task: task ?? null,
  });
}

/**
 * One event of a task. Encoded once, however many watch.
 *
 * @param json The event as JSON, as a store keeps it.
 */
export function encodeTask(json: string): string {
  return `{"type":"task",${json.slice(1)}`;
}

/** An event that stands for others before it, for a slow reader (spec §5). */
export function encodeMergedTask(event: TaskEvent, skipped: number): string {
  return JSON.stringify({ type: "task", ...event, skipped });
}

/** Somebody asked the task's worker to stop. */
export function encodeCancelRequested(taskId: string): string {
  return JSON.stringify({
    type: "cancel_requested",
    connection_id: taskId,
  });
}

/** The task and its history are forgotten. */
export function encodeDeleted(taskId: string): string {
  return JSON.stringify({ type: "deleted", connection_id: taskId });
}

/** The answer to `unsubscribe`. */
export function encodeUnsubscribed(taskId: string): string {
  return JSON.stringify({ type: "unsubscribed", connection_id: taskId });
}

/** Who a connection is from now on: the answer to `auth`, or news of its token's end. */
export function encodeAuth(userId: string, authStatus: AuthStatus): string {
  return `{"type":"auth","user_id":${encodeUserId(userId)},"auth_status":${
    JSON.stringify(authStatus)
  }}`;
}

/** The connection's token is about to end. */
export function encodeTokenExpiring(expiresInSeconds: number): string {
  return JSON.stringify({
    type: "token_expiring",
    expires_in: expiresInSeconds,
  });
}

/** The answer to `ping`; the `id` is the ping's own. */
export function encodePong(id: string | number | undefined): string {
  return JSON.stringify({ type: "pong", id });
}
