import { maxKeptBytes } from "../http/api/arriving_body.ts";
import { maxEventBytes } from "../http/api/draft_body.ts";
import {
  exampleDraft,
  exampleEpoch,
  exampleEvent,
  exampleId,
  examplePublished,
  exampleTask,
  listExample,
} from "./examples.ts";
import { json, type Operation } from "./operation.ts";

const maxEventSize = maxEventBytes.toLocaleString("en");
const maxBodySize = maxKeptBytes.toLocaleString("en");

/** Operations for backends (spec §2). */
export const publishOperations: readonly Operation[] = [
  {
    method: "post",
    path: "/api/tasks/{connection_id}/events",
    id: "publishEvent",
    tag: "Publish",
    summary: "Publishes one event of a task",
    description:
      `An event contains the changed members; all other members keep their values. The server answers after storing the event: an event answered with 201 survives \`kill -9\`. A body may have at most ${maxEventSize} bytes.`,
    access: ["publish", "admin"],
    parameters: ["connection_id", "idempotency_key"],
    body: {
      type: "application/json",
      schema: "EventDraft",
      example: exampleDraft,
    },
    answers: [
      json(
        "The event is stored, or was stored earlier",
        "Published",
        examplePublished,
        201,
      ),
    ],
    problems: [
      "bad_connection_id",
      "bad_json",
      "body_incomplete",
      "body_timeout",
      "task_finished",
      "attempt_outdated",
      "event_id_reserved",
      "owner_fixed",
      "labels_fixed",
      "body_too_large",
      "unsupported_encoding",
      "bad_event",
      "store_unavailable",
    ],
  },
  {
    method: "post",
    path: "/api/events",
    id: "publishEvents",
    tag: "Publish",
    summary: "Publishes many events, of any tasks",
    description:
      `Request and answer are NDJSON: the answer has a result line per line, in order; blank lines are skipped. A bad line fails alone: the result is the problem of the line, with the line number as \`line\`. With an \`Idempotency-Key\`, a line without an \`event_id\` gets the \`event_id\` \`<key>:<line number, from 1>\`, so a repeated request publishes nothing twice. The answer begins when the body has arrived or, for a body without a \`Content-Length\`, when the client pauses. So a client may write all lines before reading, or write a line and read the result. A line may have at most ${maxEventSize} bytes, a body ${maxBodySize}. Once the answer has begun and is being read, the body may have any length.`,
    access: ["publish", "admin"],
    parameters: ["lines_idempotency_key"],
    body: {
      type: "application/x-ndjson",
      schema: "EventLine",
      example: { connection_id: exampleId, ...exampleDraft },
    },
    answers: [{
      status: 200,
      when: "A result line per line of the request",
      content: {
        type: "application/x-ndjson",
        schema: "ResultLine",
        example: examplePublished,
      },
    }],
    problems: [
      "body_incomplete",
      "body_too_large",
      "unsupported_encoding",
    ],
  },
  {
    method: "post",
    path: "/api/tasks/{connection_id}/heartbeat",
    id: "beatTask",
    tag: "Publish",
    summary: "Renews a task's lease without an event",
    description:
      "For a worker busy inside a long call. The history grows by nothing, and watchers get nothing, except that a `lost` task is `running` again. With `wait`, the answer comes as soon as the worker is asked to stop, otherwise after that time.",
    access: ["publish", "admin"],
    parameters: ["connection_id"],
    body: {
      type: "application/json",
      schema: "HeartbeatDraft",
      example: { lease: 30, wait: 10 },
    },
    answers: [
      json("The lease is renewed", "Heartbeat", {
        connection_id: exampleId,
        status: "running",
        attempt: 1,
        cancel_requested: false,
        lease_ends_at: "2026-11-23T20:21:28.123Z",
      }),
    ],
    problems: [
      "bad_connection_id",
      "bad_json",
      "body_incomplete",
      "body_timeout",
      "task_unknown",
      "task_finished",
      "body_too_large",
      "unsupported_encoding",
      "bad_event",
      "lease_too_short",
      "store_unavailable",
    ],
  },
  {
    method: "post",
    path: "/api/tasks/{connection_id}/cancel",
    id: "cancelTask",
    tag: "Publish",
    summary: "Asks a task's worker to stop",
    description:
      "The watchers get `cancel_requested`. The worker finds `cancel_requested: true` in the answer to the next publish.",
    access: ["publish", "admin"],
    parameters: ["connection_id"],
    answers: [
      json("The request is stored for the worker", "CancelRequested", {
        connection_id: exampleId,
        cancel_requested: true,
      }),
    ],
    problems: [
      "bad_connection_id",
      "task_unknown",
      "task_finished",
      "store_unavailable",
    ],
  },
  {
    method: "delete",
    path: "/api/tasks/{connection_id}",
    id: "forgetTask",
    tag: "Publish",
    summary: "Deletes a task and its history",
    description: "The watchers get `deleted`.",
    access: ["publish", "admin"],
    parameters: ["connection_id"],
    answers: [{ status: 204, when: "The task is deleted" }],
    problems: ["bad_connection_id", "task_unknown", "store_unavailable"],
  },
];

/** Operations to read tasks, for operators (spec §2). */
export const readOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/api/tasks",
    id: "listTasks",
    tag: "Read",
    summary: "Lists tasks, newest change first",
    description:
      "For a token limited to some tasks, a page can have fewer tasks than `limit`, even none: the list ends with the page without a `cursor`. With `Accept: text/event-stream` the answer is a stream: `list` with the newest `limit` tasks, then `list_update` for each task that has changed or now matches, and `list_remove` for each task that does not belong to the list any more. The data of each event is a frame described in `/asyncapi.json`, for a list named `tasks`, with the snapshots of this route. Changes of one task within 100 ms come as one. A stream has no `cursor`, is listed as a connection, and ends with an `error` when the token expires.",
    access: ["admin"],
    parameters: ["status", "label", "owner", "limit", "cursor"],
    answers: [
      json("A page of tasks", "TaskList", {
        tasks: [exampleTask],
        cursor: "17",
      }),
      {
        status: 200,
        when: "The tasks and their changes, for `Accept: text/event-stream`",
        content: { type: "text/event-stream", example: listExample("tasks") },
      },
    ],
    problems: ["bad_query", "too_many_connections", "store_unavailable"],
  },
  {
    method: "get",
    path: "/api/tasks/{connection_id}",
    id: "readTask",
    tag: "Read",
    summary: "Reads a task",
    access: ["admin"],
    parameters: ["connection_id"],
    answers: [
      json("The newest value of each member", "TaskSnapshot", exampleTask),
    ],
    problems: ["bad_connection_id", "task_unknown", "store_unavailable"],
  },
  {
    method: "get",
    path: "/api/tasks/{connection_id}/events",
    id: "readEvents",
    tag: "Read",
    summary: "Reads a task's history",
    description:
      "Starts with the oldest stored event, or after `offset`; oldest first.",
    access: ["admin"],
    parameters: ["connection_id", "epoch", "offset", "limit"],
    answers: [json("A page of events", "TaskHistory", {
      connection_id: exampleId,
      epoch: exampleEpoch,
      offset: exampleEvent.offset,
      recovered: true,
      events: [exampleEvent],
    })],
    problems: [
      "bad_connection_id",
      "bad_query",
      "task_unknown",
      "store_unavailable",
    ],
  },
];
