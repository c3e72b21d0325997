import type { TaskEvent } from "../../tasks/event.ts";
import type { TaskState } from "../../tasks/state.ts";
import {
  type Announcement,
  eventAnnouncement,
  type TopicAnnouncement,
} from "../../tasks/store.ts";

/**
 * The first line of a message on a task's channel. In an event's message the
 * second line is the event's JSON.
 */
type Head =
  | {
    readonly kind: "event";
    readonly epoch: string;
    readonly owner?: string;
    readonly labels?: readonly string[];
    readonly leaseEndsAtMs?: number;
  }
  | { readonly kind: "cancel_requested" | "deleted" };

/**
 * Encodes the first line of an event's message; the state is the task's state
 * after the event.
 */
export function encodeHead(
  { snapshot: { epoch, labels }, owner, leaseEndsAtMs }: TaskState,
): string {
  const head: Head = {
    kind: "event",
    epoch,
    ...(owner === undefined ? {} : { owner }),
    ...(labels === undefined ? {} : { labels }),
    ...(leaseEndsAtMs === undefined ? {} : { leaseEndsAtMs }),
  };
  return JSON.stringify(head);
}

/** Encodes a whole message that is not about an event. */
export function encodeNotice(kind: "cancel_requested" | "deleted"): string {
  return JSON.stringify({ kind });
}

/**
 * Parses a message on a task's channel. The channel determines the task, not
 * the message.
 *
 * @throws {SyntaxError} If the message is not JSON.
 * @throws {TypeError} If the JSON has another shape.
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
  if (kind !== "event") throw new TypeError("unknown kind of message");
  const { epoch, owner, labels, leaseEndsAtMs } = head as Head & {
    kind: "event";
  };
  const sent: TaskEvent | null = JSON.parse(message.slice(end + 1));
  if (!Number.isSafeInteger(sent?.offset) || typeof epoch !== "string") {
    throw new TypeError("message without epoch or offset");
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
    ...(labels === undefined ? {} : { labels }),
    ...(leaseEndsAtMs === undefined ? {} : { leaseEndsAtMs }),
  };
}

/** Encodes a whole message about a deletion, for the channels of topics. */
export function encodeTopicDeletion(
  { snapshot: { connection_id: taskId, labels }, owner }: TaskState,
): string {
  return JSON.stringify(
    {
      kind: "topic_deleted",
      taskId,
      owner,
      labels,
    } satisfies TopicAnnouncement,
  );
}

/**
 * Parses a message on the channel of a topic. The first line of a change, with
 * the number of watchers, comes from the publish script; the second line is the
 * task's state as JSON.
 *
 * @throws {SyntaxError} If the message is not JSON.
 * @throws {TypeError} If the JSON has another shape.
 */
export function parseTopicMessage(message: string): TopicAnnouncement {
  const end = message.indexOf("\n");
  const head = JSON.parse(end < 0 ? message : message.slice(0, end));
  switch (head?.kind) {
    case "topic_changed": {
      const state: TaskState | null = JSON.parse(message.slice(end + 1));
      if (typeof state?.snapshot?.connection_id !== "string") {
        throw new TypeError("message without a task");
      }
      return { kind: "topic_changed", state, watchers: head.watchers };
    }
    case "topic_deleted": {
      const { taskId, owner, labels } = head;
      if (typeof taskId !== "string") {
        throw new TypeError("message without a task");
      }
      return { kind: "topic_deleted", taskId, owner, labels };
    }
    default:
      throw new TypeError("unknown kind of message");
  }
}

/** Makes the announcement of an event whose message was lost. */
export function announceLate(json: string, state: TaskState): Announcement {
  const { leaseEndsAtMs: _, ...lasting } = state;
  return eventAnnouncement(JSON.parse(json), json, lasting);
}
