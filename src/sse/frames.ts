import { isTerminal, type Status } from "../tasks/status.ts";

const encoder = new TextEncoder();

/** A frame as one event of a stream (HTML §9.2.5). */
export interface SseFrame {
  /** The frame as a socket gets it. */
  readonly frame: string;
  /** Its type, which names the event. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Where `sync` and `task` leave the client. */
  readonly place?: SsePlace;
}

/** Where a client stands in a task's history after a frame. */
export interface SsePlace {
  readonly epoch: string;
  readonly offset: number;
  /** Whether a terminal status is what the task is left with here. */
  readonly isTerminal: boolean;
  /** Of `sync`: the newest offset, which events up to it follow; 0 without a history. */
  readonly headOffset?: number;
  /** Of `sync`: whether nothing was missed. */
  readonly isRecovered?: boolean;
}

/** What of a `sync` or `task` frame counts here. */
interface PlacedFrame {
  readonly epoch?: string;
  readonly offset: number;
  readonly recovered?: boolean;
  readonly status?: Status;
  readonly task?: { readonly offset: number; readonly status: Status } | null;
}

/**
 * Makes the encoder of a server's streams: each frame becomes an event of the
 * frame's type, with the frame as its data. `sync` and `task` have an `id`,
 * with which a browser resumes.
 *
 * The last `task` is remembered: one that goes to all watchers of a task is
 * parsed and encoded once.
 */
export function createSseEncoder(): (frame: string, epoch: string) => SseFrame {
  let last: SseFrame | undefined;
  return (frame, epoch) => {
    if (last?.frame === frame && last.place?.epoch === epoch) return last;
    const encoded = encodeFrame(frame, epoch);
    if (encoded.type === "task") last = encoded;
    return encoded;
  };
}

/** @param epoch In which a `task` frame's offset counts. */
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
    const isOver = status !== undefined && isTerminal(status);
    return { epoch: taskEpoch, offset, isTerminal: isOver };
  }
  return {
    epoch,
    offset,
    isTerminal: !!task && isTerminal(task.status) && task.offset === offset,
    headOffset: task?.offset ?? 0,
    isRecovered: recovered === true,
  };
}

/** Where `Last-Event-ID` says that a client resumes, unparsed, as the query's members would. */
export interface LastEvent {
  readonly epoch: string;
  readonly offset: string;
}

/**
 * Reads `Last-Event-ID`, which is an `id` from above. What is no such id is
 * taken like a position in a history that was lost.
 *
 * @returns `undefined` without one.
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

/** Says that a task is over and the stream with it. */
export const endEvent: Uint8Array = encoder.encode(
  'event: end\ndata: {"type":"end"}\n\n',
);

/** A line that clients ignore, so that proxies see some traffic. */
export const pingComment: Uint8Array = encoder.encode(
  ": ping\n\n",
);

/**
 * Says how long a browser waits before it comes back, in milliseconds. The line
 * is part of the event that follows, or of none before an empty line.
 */
export function encodeRetry(
  retryMs: number,
  next: "event" | "nothing",
): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\n${next === "event" ? "" : "\n"}`);
}
