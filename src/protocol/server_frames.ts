import type { AuthStatus, TokenRejectionCode } from "../auth/identity.ts";
import type { ErrorCode } from "./error_codes.ts";
import { encodeUserId } from "../tasks/user_id.ts";
import type { TaskDescription, TaskEvent } from "../tasks/event.ts";

/** The content of an `error` frame (spec §1). */
export interface ErrorFrame {
  /** Stable, for programs. */
  readonly code: ErrorCode | TokenRejectionCode;
  /** The fault and the remedy, for the client's developer. */
  readonly message: string;
  /** The delay before reconnecting or retrying, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The task of the error, on sockets that watch several tasks. */
  readonly taskId?: string;
  /** The client's name of the list of the error. */
  readonly list?: string;
}

/** The content of the `connected` frame on the realtime route. */
export interface ConnectedFrame {
  readonly message: string;
  readonly taskId: string;
  readonly userId: string;
  readonly authStatus: AuthStatus;
}

/** Encodes the first frame on `/ws/realtime`: five members, in this order. */
export function encodeConnected(frame: ConnectedFrame): string {
  const message = JSON.stringify(frame.message);
  const taskId = JSON.stringify(frame.taskId);
  const userId = encodeUserId(frame.userId);
  return `{"type":"connected","message":${message},"connection_id":${taskId},"user_id":${userId},"auth_status":"${frame.authStatus}"}`;
}

/** Encodes the first frame on the two routes without users. */
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

/** Encodes an `error` frame. The socket stays open unless a close follows. */
export function encodeError(frame: ErrorFrame): string {
  return JSON.stringify({
    type: "error",
    code: frame.code,
    message: frame.message,
    retry_after_ms: frame.retryAfterMs,
    connection_id: frame.taskId,
    list: frame.list,
  });
}

/** Encodes the answer to a text message on `/ws/ws/simple`. */
export function encodeEcho(taskId: string, message: string): string {
  return JSON.stringify({ type: "echo", connection_id: taskId, message });
}

/** The content of a `sync` frame. */
export interface SyncFrame {
  /** Present in the answer to `subscribe`. */
  readonly taskId?: string;
  readonly epoch: string;
  /** The position before the next event: the next `offset` is one greater. */
  readonly offset: number;
  /** True if every event after the requested position follows. */
  readonly recovered: boolean;
  /** The task as clients see it; `undefined` if nothing has been published. */
  readonly task: TaskDescription | undefined;
}

/** Encodes the position of a watcher, before the following events. */
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
 * Encodes an event of a task, once for all watchers.
 *
 * @param json The event as JSON, in the form of the store.
 */
export function encodeTask(json: string): string {
  return `{"type":"task",${json.slice(1)}`;
}

/** Encodes an event in place of events skipped for a slow reader (spec §5). */
export function encodeMergedTask(event: TaskEvent, skipped: number): string {
  return JSON.stringify({ type: "task", ...event, skipped });
}

/** Encodes a request to the task's worker to stop. */
export function encodeCancelRequested(taskId: string): string {
  return JSON.stringify({
    type: "cancel_requested",
    connection_id: taskId,
  });
}

/** Encodes the deletion of a task and its history. */
export function encodeDeleted(taskId: string): string {
  return JSON.stringify({ type: "deleted", connection_id: taskId });
}

/** Encodes the answer to `unsubscribe`. */
export function encodeUnsubscribed(taskId: string): string {
  return JSON.stringify({ type: "unsubscribed", connection_id: taskId });
}

/**
 * Encodes the tasks of a list.
 *
 * @param name The client's name of the list.
 * @param tasks The snapshots as JSON, newest change first.
 * @param isComplete False if more tasks match than the frame has.
 */
export function encodeList(
  name: string,
  tasks: readonly string[],
  isComplete: boolean,
): string {
  const list = JSON.stringify(name);
  return `{"type":"list","list":${list},"tasks":[${tasks}],"complete":${isComplete}}`;
}

/**
 * Encodes a new or changed task of a list.
 *
 * @param task The snapshot as JSON, encoded once for all lists.
 */
export function encodeListUpdate(name: string, task: string): string {
  return `{"type":"list_update","list":${JSON.stringify(name)},"task":${task}}`;
}

/** Encodes the removal of a task from a list. */
export function encodeListRemove(name: string, taskId: string): string {
  return JSON.stringify({
    type: "list_remove",
    list: name,
    connection_id: taskId,
  });
}

/** Encodes the answer to `unsubscribe_list`. */
export function encodeListUnsubscribed(name: string): string {
  return JSON.stringify({ type: "list_unsubscribed", list: name });
}

/** Encodes a new identity: the answer to `auth`, or an expired token. */
export function encodeAuth(userId: string, authStatus: AuthStatus): string {
  return `{"type":"auth","user_id":${encodeUserId(userId)},"auth_status":${
    JSON.stringify(authStatus)
  }}`;
}

/** Encodes the approaching expiry of the connection's token. */
export function encodeTokenExpiring(expiresInSeconds: number): string {
  return JSON.stringify({
    type: "token_expiring",
    expires_in: expiresInSeconds,
  });
}

/** Encodes the answer to `ping`, with the ping's `id`. */
export function encodePong(id: string | number | undefined): string {
  return JSON.stringify({ type: "pong", id });
}
