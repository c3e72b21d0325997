import type { TaskEvent } from "../../tasks/event.ts";
import type { TaskState } from "../../tasks/state.ts";
import { type Announcement, eventAnnouncement } from "../../tasks/store.ts";

/** The first line of a message on a task's channel; of an event its JSON is the second. */
type Head =
  | {
    readonly kind: "event";
    readonly epoch: string;
    readonly owner?: string;
    readonly leaseEndsAtMs?: number;
  }
  | { readonly kind: "cancel_requested" | "deleted" };

/** The first line of the message about an event, which led to this state. */
export function encodeHead(
  { snapshot: { epoch }, owner, leaseEndsAtMs }: TaskState,
): string {
  return JSON.stringify({ kind: "event", epoch, owner, leaseEndsAtMs });
}

/** The whole message about what is no event. */
export function encodeNotice(kind: "cancel_requested" | "deleted"): string {
  return JSON.stringify({ kind });
}

/**
 * Parses a message on a task's channel. The channel says which
 * task it is about, whatever the message says.
 *
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If it has another shape.
 */
export function parseMessage(
  message: string,
  taskId: string,
): Announcement {
  const end = message.indexOf("\n");
  const head: Head | null = JSON.parse(
    end < 0 ? message : message.slice(0, end),
  );
  const kind = head?.kind;
  if (kind === "cancel_requested" || kind === "deleted") {
    return { kind, taskId };
  }
  if (kind !== "event") throw new TypeError("the message has no known kind");
  const { epoch, owner, leaseEndsAtMs } = head as Head & { kind: "event" };
  const sent: TaskEvent | null = JSON.parse(message.slice(end + 1));
  if (!Number.isSafeInteger(sent?.offset) || typeof epoch !== "string") {
    throw new TypeError("the message has no position in a history");
  }
  const isNamed = sent?.connection_id === taskId;
  const event = isNamed
    ? sent
    : { ...sent as TaskEvent, connection_id: taskId };
  const json = isNamed ? message.slice(end + 1) : JSON.stringify(event);
  return {
    kind: "event",
    event,
    json,
    position: { epoch, offset: event.offset },
    ...(owner === undefined ? {} : { owner }),
    ...(leaseEndsAtMs === undefined ? {} : { leaseEndsAtMs }),
  };
}

/** What an event of the history announces, which nobody announced in its time. */
export function announceLate(json: string, state: TaskState): Announcement {
  const { leaseEndsAtMs: _, ...lasting } = state;
  return eventAnnouncement(JSON.parse(json), json, lasting);
}
