import { isTerminal, type Status } from "../tasks/status.ts";

const encoder = new TextEncoder();

/** A frame as one event of an event stream (HTML §9.2.5). */
export interface SseFrame {
  /** The frame, in the form sent to sockets. */
  readonly frame: string;
  /** The type of the frame, used as the event's name. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The client's position after `sync` or `task`. */
  readonly place?: SsePlace;
}

/** The position of a client in a task's history after a frame. */
export interface SsePlace {
  readonly epoch: string;
  readonly offset: number;
  /** True if the task has a terminal status at this position. */
  readonly isTerminal: boolean;
  /** In `sync`: the newest offset; 0 without a history. */
  readonly headOffset?: number;
  /** In `sync`: true if no event was missed. */
  readonly isRecovered?: boolean;
}

/** The members of `sync` and `task` frames read by the encoder. */
interface PlacedFrame {
  readonly epoch?: string;
  readonly offset: number;
  readonly recovered?: boolean;
  readonly status?: Status;
  readonly task?: { readonly offset: number; readonly status: Status } | null;
}

/**
 * Creates the encoder shared by a server's event streams. A frame becomes an
 * event with the frame's type as its name and the frame as its data. `sync` and
 * `task` events have an `id`, for browsers to resume.
 *
 * The encoder remembers the last `task` or `list_update` frame: a frame for all
 * watchers of a task, or for all lists with the task, is encoded only once.
 */
export function createSseEncoder(): (frame: string, epoch: string) => SseFrame {
  let last: SseFrame | undefined;
  return (frame, epoch) => {
    if (last?.frame === frame && (last.place?.epoch ?? epoch) === epoch) {
      return last;
    }
    const encoded = encodeFrame(frame, epoch);
    if (shared.has(encoded.type)) last = encoded;
    return encoded;
  };
}

/** The types of the frames sent to many streams at a time. */
const shared: ReadonlySet<string> = new Set(["task", "list_update"]);

/** @param epoch The epoch of the offset in a `task` frame. */
function encodeFrame(frame: string, epoch: string): SseFrame {
  const type = /^\{"type":"(\w+)"/.exec(frame)?.[1] ?? "message";
  const event = `event: ${type}\ndata: ${frame}\n`;
  if (type !== "sync" && type !== "task") {
    return { frame, type, bytes: encoder.encode(`${event}\n`) };
  }
  const place = placeOf(JSON.parse(frame), epoch);
  const id = `id: ${place.epoch}:${place.offset}\n`;
  return { frame, type, bytes: encoder.encode(`${event}${id}\n`), place };
}

function placeOf(
  { epoch, offset, recovered, status, task }: PlacedFrame,
  taskEpoch: string,
): SsePlace {
  if (epoch === undefined) {
    const isFinished = status !== undefined && isTerminal(status);
    return { epoch: taskEpoch, offset, isTerminal: isFinished };
  }
  return {
    epoch,
    offset,
    isTerminal: !!task && isTerminal(task.status) && task.offset === offset,
    headOffset: task?.offset ?? 0,
    isRecovered: recovered === true,
  };
}

/** The position in `Last-Event-ID`, unparsed like the query's. */
export interface LastEvent {
  readonly epoch: string;
  readonly offset: string;
}

/**
 * Reads `Last-Event-ID`, the `id` of an event. Any malformed id is treated like
 * a position in a lost history.
 *
 * @returns `undefined` without the header.
 */
export function parseLastEventId(
  header: string | undefined,
): LastEvent | undefined {
  if (!header) return undefined;
  const colon = header.lastIndexOf(":");
  return {
    epoch: header.slice(0, Math.max(colon, 0)),
    offset: header.slice(colon + 1),
  };
}

/** Tells the client about the end of the task and the stream. */
export const endEvent: Uint8Array = encoder.encode(
  'event: end\ndata: {"type":"end"}\n\n',
);

/** A comment line: traffic that keeps proxies from closing the stream. */
export const pingComment: Uint8Array = encoder.encode(
  ": ping\n\n",
);

/**
 * Encodes the delay, in milliseconds, before a browser reconnects. The line
 * belongs to the following event; followed by an empty line, to none.
 */
export function encodeRetry(
  retryMs: number,
  next: "event" | "nothing",
): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\n${next === "event" ? "" : "\n"}`);
}
