import type { TaskEvent } from "../tasks/event.ts";
import type { TaskState } from "../tasks/state.ts";
import { type Announcement, eventAnnouncement } from "./store.ts";

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

/** What a message announces. */
export function parseMessage(
  message: string,
  connectionId: string,
): Announcement {
  const end = message.indexOf("\n");
  const head: Head = JSON.parse(end < 0 ? message : message.slice(0, end));
  if (head.kind !== "event") return { kind: head.kind, connectionId };
  const json = message.slice(end + 1);
  const { epoch, owner, leaseEndsAtMs } = head;
  const event: TaskEvent = JSON.parse(json);
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
