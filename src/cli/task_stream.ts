import { z } from "zod";
import { delay } from "../async/delay.ts";
import { reconnectPolicies } from "../protocol/close_codes.ts";
import { closingErrors } from "../protocol/error_codes.ts";
import type { Snapshot, TaskEvent } from "../tasks/event.ts";
import { keepMembers } from "../tasks/snapshot.ts";
import { CommandFailure } from "./failure.ts";
import { explainSocketError } from "./frame_reader.ts";
import { webSocketUrl } from "./server_url.ts";

const taskViewSchema = z.object({
  status: z.string(),
  attempt: z.number(),
  progress: z.number(),
  current: z.number(),
  total: z.number(),
  unit: z.string(),
  message: z.string(),
}).partial();

/** What is known of a task: the newest value of each member that was seen. */
export type TaskView = Readonly<z.infer<typeof taskViewSchema>>;

/** The frames that matter here, each with the members that are read. */
const frameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("connected"),
    auth_status: z.string(),
    user_id: z.union([z.string(), z.number()]),
  }),
  z.object({
    type: z.literal("sync"),
    epoch: z.string(),
    offset: z.number(),
    recovered: z.boolean(),
    task: taskViewSchema.nullable(),
  }),
  taskViewSchema.extend({
    type: z.literal("task"),
    offset: z.number(),
    cleared: z.array(z.string()).optional(),
  }),
  z.object({ type: z.literal("deleted") }),
  z.object({
    type: z.literal("error"),
    code: z.string(),
    message: z.string(),
    retry_after_ms: z.number().min(0).max(3_600_000).optional(),
  }),
]);

type Frame = z.infer<typeof frameSchema>;

const knownTypes: readonly string[] = frameSchema.options
  .map((option) => option.shape.type.value);

/** Something that happened to a followed task. */
export type TaskNews =
  | { readonly kind: "task"; readonly task: TaskView }
  /** Nothing has been published yet. */
  | { readonly kind: "empty" }
  /** The task is forgotten. */
  | { readonly kind: "deleted" }
  /** A sentence for the user: who the server takes them for, a lost connection. */
  | { readonly kind: "note"; readonly text: string };

const minRetryMs = 500;
const maxRetryMs = 20_000;

/** Which task is followed, and as whom. */
export interface TaskStreamOptions {
  readonly server: URL;
  readonly taskId: string;
  /** Offered as a subprotocol, so that it stays out of URLs. */
  readonly token?: string;
}

/**
 * Follows a task until the caller stops asking: reconnects with full jitter,
 * and resumes where it was.
 *
 * @throws {CommandFailure} When the first connection fails, or the server
 * closes one for good, or sends a message that is no frame.
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
        } else if (item.kind === "noise") {
          throw new CommandFailure(describeNoise(options));
        } else end = item;
      }
    } finally {
      socket.close();
    }
    if (end === undefined) return;
    // The error decides: the close after it may be lost.
    const code = closingErrors[cursor.error?.code ?? ""] ?? end.code;
    const isFinal = reconnectPolicies[code] !== undefined ||
      (isFirst && !end.wasOpen);
    if (isFinal) {
      throw new CommandFailure(describeEnd(options, { ...end, code }, cursor));
    }
    const ceilingMs = Math.min(maxRetryMs, minRetryMs * 2 ** failures++);
    const waitMs = cursor.retryAfterMs ??
      Math.max(minRetryMs, Math.random() * ceilingMs);
    delete cursor.retryAfterMs;
    delete cursor.error;
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
  /** The newest error of this connection. */
  error?: { readonly code: string; readonly message: string };
}

interface SocketEnd {
  readonly kind: "end";
  readonly code: number;
  readonly reason: string;
  readonly wasOpen: boolean;
}

type SocketItem =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** A message that no taskwire server sends. */
  | { readonly kind: "noise" }
  | SocketEnd;

/** Reads a message; `undefined` for a frame of an unknown type. */
function readMessage(data: unknown): SocketItem | undefined {
  let message: unknown;
  try {
    message = JSON.parse(String(data));
  } catch {
    return { kind: "noise" };
  }
  const { success, data: frame } = frameSchema.safeParse(message);
  if (success) return { kind: "frame", frame };
  const type = (message as { type?: unknown } | null)?.type;
  const isNewer = typeof type === "string" && !knownTypes.includes(type);
  return isNewer ? undefined : { kind: "noise" };
}

function openSocket(
  { server, taskId, token }: TaskStreamOptions,
  { epoch, offset }: Cursor,
): { items: ReadableStream<SocketItem>; close(): void } {
  const url = webSocketUrl(
    server,
    `ws/realtime/${encodeURIComponent(taskId)}`,
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
        const item = readMessage(data);
        if (item) controller.enqueue(item);
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
  frame: Frame,
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
      cursor.epoch = frame.epoch;
      cursor.offset = frame.offset;
      // When recovered, the events that were missed follow: the snapshot is ahead of them.
      if (frame.recovered) break;
      if (frame.task === null) yield { kind: "empty" };
      else {
        cursor.task = frame.task;
        yield { kind: "task", task: cursor.task };
      }
      break;
    case "task":
      cursor.offset = frame.offset;
      cursor.task = {
        ...keepMembers(
          cursor.task as Partial<Snapshot>,
          frame as Pick<TaskEvent, "attempt" | "cleared">,
        ),
        ...frame,
      };
      yield { kind: "task", task: cursor.task };
      break;
    case "deleted":
      yield { kind: "deleted" };
      break;
    case "error":
      cursor.error = frame;
      if (frame.retry_after_ms !== undefined) {
        cursor.retryAfterMs = frame.retry_after_ms;
      }
      yield { kind: "note", text: `${frame.code}: ${frame.message}` };
      break;
  }
}

function describeEnd(
  { server, taskId }: TaskStreamOptions,
  end: SocketEnd,
  { error }: Cursor,
): string {
  return end.wasOpen
    ? `${taskId}: the server closed the connection for good (${end.code}): ${
      error?.message ?? end.reason
    }`
    : `cannot connect to ${server.origin}: ${end.reason}`;
}

function describeNoise({ server, taskId }: TaskStreamOptions): string {
  return `${taskId}: ${server.origin} sent a message that is no frame of taskwire: check the address and the proxies on the way`;
}
