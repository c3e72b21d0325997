import { maxKeptBytes } from "../http/api/arriving_body.ts";
import { maxEventBytes } from "../http/api/draft_body.ts";
import {
  exampleDraft,
  exampleEpoch,
  exampleEvent,
  exampleId,
  examplePublished,
  exampleTask,
} from "./examples.ts";
import type { Operation } from "./operation.ts";

const maxEventSize = maxEventBytes.toLocaleString("en");
const maxBodySize = maxKeptBytes.toLocaleString("en");

/** What a backend does (spec §2). */
export const publishOperations: readonly Operation[] = [
  {
    method: "post",
    path: "/api/tasks/{connection_id}/events",
    id: "publishEvent",
    tag: "Publish",
    summary: "Publishes one event of a task",
    description:
      `An event says what has changed; what it leaves out stays as it was. The answer comes once the store has it: an event answered with 201 survives \`kill -9\`. A body has ${maxEventSize} bytes at most.`,
    access: ["publish", "admin"],
    parameters: ["connection_id", "idempotency_key"],
    body: {
      type: "application/json",
      schema: "EventDraft",
      example: exampleDraft,
    },
    answers: [{
      status: 201,
      when: "The event is stored, or was before",
      content: {
        type: "application/json",
        schema: "Published",
        example: examplePublished,
      },
    }],
    problems: [
      "bad_connection_id",
      "bad_json",
      "body_incomplete",
      "body_timeout",
      "task_finished",
      "attempt_outdated",
      "event_id_reserved",
      "owner_fixed",
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
      `NDJSON both ways: a result line for each line, in order; blank lines are skipped. A bad line fails alone, with the problem that it would have been answered with, and its number as \`line\`. With an \`Idempotency-Key\`, a line without an \`event_id\` takes \`<key>:<number of the line, from 1>\`, so that a request that is sent again publishes nothing twice. The answer begins when the body has arrived, or, for a body without a \`Content-Length\`, when the client pauses: so a client may write everything before it reads, or write a line and read its result. A line has ${maxEventSize} bytes at most, a body ${maxBodySize}; a body whose answer has begun, and is read meanwhile, may be of any length.`,
    access: ["publish", "admin"],
    parameters: ["lines_idempotency_key"],
    body: {
      type: "application/x-ndjson",
      schema: "EventLine",
      example: { connection_id: exampleId, ...exampleDraft },
    },
    answers: [{
      status: 200,
      when: "One line for each line of the request",
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
    path: "/api/tasks/{connection_id}/cancel",
    id: "cancelTask",
    tag: "Publish",
    summary: "Asks a task's worker to stop",
    description:
      "Its watchers get `cancel_requested`; the worker finds `cancel_requested: true` in the answer to its next publish.",
    access: ["publish", "admin"],
    parameters: ["connection_id"],
    answers: [{
      status: 200,
      when: "The worker will find it",
      content: {
        type: "application/json",
        schema: "CancelRequested",
        example: { connection_id: exampleId, cancel_requested: true },
      },
    }],
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
    summary: "Forgets a task and its history",
    description: "Its watchers get `deleted`.",
    access: ["publish", "admin"],
    parameters: ["connection_id"],
    answers: [{ status: 204, when: "It is forgotten" }],
    problems: ["bad_connection_id", "task_unknown", "store_unavailable"],
  },
];

/** What an operator reads of tasks (spec §2). */
export const readOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/api/tasks",
    id: "listTasks",
    tag: "Read",
    summary: "Lists tasks, newest change first",
    access: ["admin"],
    parameters: ["status", "limit", "cursor"],
    answers: [{
      status: 200,
      when: "A page of tasks",
      content: {
        type: "application/json",
        schema: "TaskList",
        example: { tasks: [exampleTask], cursor: "17" },
      },
    }],
    problems: ["bad_query", "store_unavailable"],
  },
  {
    method: "get",
    path: "/api/tasks/{connection_id}",
    id: "readTask",
    tag: "Read",
    summary: "Reads a task",
    access: ["admin"],
    parameters: ["connection_id"],
    answers: [{
      status: 200,
      when: "The newest value of each member",
      content: {
        type: "application/json",
        schema: "TaskSnapshot",
        example: exampleTask,
      },
    }],
    problems: ["bad_connection_id", "task_unknown", "store_unavailable"],
  },
  {
    method: "get",
    path: "/api/tasks/{connection_id}/events",
    id: "readEvents",
    tag: "Read",
    summary: "Reads a task's history",
    description:
      "From its oldest event that is kept, or after `offset`; oldest first.",
    access: ["admin"],
    parameters: ["connection_id", "epoch", "offset", "limit"],
    answers: [{
      status: 200,
      when: "A page of events",
      content: {
        type: "application/json",
        schema: "TaskHistory",
        example: {
          connection_id: exampleId,
          epoch: exampleEpoch,
          offset: exampleEvent.offset,
          recovered: true,
          events: [exampleEvent],
        },
      },
    }],
    problems: [
      "bad_connection_id",
      "bad_query",
      "task_unknown",
      "store_unavailable",
    ],
  },
];
