import { delay } from "../delay.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { TaskEvent } from "../tasks/event.ts";
import { keepMembers } from "../tasks/snapshot.ts";
import { CommandFailure } from "./failure.ts";
import { explainSocketError } from "./frame_reader.ts";
import { webSocketUrl } from "./server_url.ts";

/** What is known of a task: the newest value of each member that was seen. */
export type TaskView = Readonly<Record<string, unknown>>;

/** Something that happened to a followed task. */
export type TaskNews =
  | { readonly kind: "task"; readonly task: TaskView }
  /** Nothing has been published yet. */
  | { readonly kind: "empty" }
  /** The task is forgotten. */
  | { readonly kind: "deleted" }
  /** A sentence for the user: who the server takes them for, a lost connection. */
  | { readonly kind: "note"; readonly text: string };

/** Closes after which a client stays away (spec §1, 'Close codes'). */
const finalCodes: ReadonlySet<number> = new Set([
  closeCodes.messageTooBig,
  closeCodes.badFrames,
  closeCodes.unauthorized,
  closeCodes.forbidden,
  closeCodes.disconnected,
]);

const minRetryMs = 500;
const maxRetryMs = 20_000;

/** Which task is followed, and as whom. */
export interface TaskStreamOptions {
  readonly server: URL;
  readonly connectionId: string;
  /** Offered as a subprotocol, so that it stays out of URLs. */
  readonly token?: string;
}

/**
 * Follows a task until the caller stops asking: reconnects with full jitter,
 * and resumes where it was.
 *
 * @throws {CommandFailure} When the first connection fails, or the server
 * closes one for good.
 */
export async function* followTask(
  options: TaskStreamOptions,
): AsyncGenerator<TaskNews> {
  const cursor: Cursor = { task: {} };
  let failures = 0;
  for (let isFirst = true;; isFirst = false) {
    const socket = openSocket(options, cursor);
    let end: SocketEnd | undefined;
    try {
      for await (const item of socket.items) {
        if (item.kind === "frame") {
          // A server that accepts and then sends away is not well yet.
          if (item.frame.type === "sync") failures = 0;
          yield* interpret(item.frame, cursor);
        } else end = item;
      }
    } finally {
      socket.close();
    }
    if (end === undefined) return;
    const isFinal = finalCodes.has(end.code) || (isFirst && !end.wasOpen);
    if (isFinal) throw new CommandFailure(describeEnd(options, end, cursor));
    const ceilingMs = Math.min(maxRetryMs, minRetryMs * 2 ** failures++);
    const waitMs = cursor.retryAfterMs ??
      Math.max(minRetryMs, Math.random() * ceilingMs);
    delete cursor.retryAfterMs;
    yield {
      kind: "note",
      text: `connection lost (${end.reason || end.code}); connecting again in ${
        (waitMs / 1_000).toFixed(1)
      } s`,
    };
    await delay(waitMs);
  }
}

/** Where a stream is, across its connections. */
interface Cursor {
  task: TaskView;
  epoch?: string;
  offset?: number;
  retryAfterMs?: number;
  /** The newest error frame's message. */
  error?: string;
}

interface SocketEnd {
  readonly kind: "end";
  readonly code: number;
  readonly reason: string;
  readonly wasOpen: boolean;
}

type SocketItem =
  | { readonly kind: "frame"; readonly frame: Record<string, unknown> }
  | SocketEnd;

function openSocket(
  { server, connectionId, token }: TaskStreamOptions,
  { epoch, offset }: Cursor,
): { items: ReadableStream<SocketItem>; close(): void } {
  const url = webSocketUrl(
    server,
    `ws/realtime/${encodeURIComponent(connectionId)}`,
  );
  if (epoch !== undefined) {
    url.searchParams.set("epoch", epoch);
    url.searchParams.set("offset", String(offset));
  }
  const socket = new WebSocket(url, token ? ["bearer", token] : []);
  let wasOpen = false;
  let isCanceled = false;
  let failure = "";
  const items = new ReadableStream<SocketItem>({
    start(controller) {
      socket.onopen = () => wasOpen = true;
      socket.onmessage = ({ data }) => {
        if (isCanceled) return;
        controller.enqueue({ kind: "frame", frame: JSON.parse(data) });
      };
      socket.onerror = (event) => failure = explainSocketError(event).message;
      socket.onclose = ({ code, reason }) => {
        if (isCanceled) return;
        controller.enqueue({
          kind: "end",
          code,
          reason: reason || failure,
          wasOpen,
        });
        controller.close();
      };
    },
    /** The reader has stopped; the socket's last events come after that. */
    cancel() {
      isCanceled = true;
    },
  });
  return { items, close: () => socket.close() };
}

function* interpret(
  frame: Record<string, unknown>,
  cursor: Cursor,
): Generator<TaskNews> {
  switch (frame.type) {
    case "connected":
      yield {
        kind: "note",
        text: `connected as ${frame.auth_status}, user ${frame.user_id}`,
      };
      break;
    case "sync":
      cursor.epoch = String(frame.epoch);
      cursor.offset = Number(frame.offset);
      // When recovered, the events that were missed follow: the snapshot is ahead of them.
      if (frame.recovered) break;
      if (frame.task === null) yield { kind: "empty" };
      else {
        cursor.task = frame.task as TaskView;
        yield { kind: "task", task: cursor.task };
      }
      break;
    case "task":
      cursor.offset = Number(frame.offset);
      cursor.task = {
        ...keepMembers(cursor.task, frame as unknown as TaskEvent),
        ...frame,
      };
      yield { kind: "task", task: cursor.task };
      break;
    case "deleted":
      yield { kind: "deleted" };
      break;
    case "error":
      cursor.error = String(frame.message);
      if (typeof frame.retry_after_ms === "number") {
        cursor.retryAfterMs = frame.retry_after_ms;
      }
      yield { kind: "note", text: `${frame.code}: ${frame.message}` };
      break;
  }
}

function describeEnd(
  { server, connectionId }: TaskStreamOptions,
  end: SocketEnd,
  { error }: Cursor,
): string {
  return end.wasOpen
    ? `${connectionId}: the server closed the connection for good (${end.code}): ${
      error ?? end.reason
    }`
    : `cannot connect to ${server.origin}: ${end.reason}`;
}
