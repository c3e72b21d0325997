import { maxConnectionIdLength } from "../tasks/task_id.ts";
import { statuses } from "../tasks/status.ts";
import type { Schema } from "./schemas.ts";

/** A parameter of a request, as OpenAPI describes one. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: true;
  readonly description: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

/** What `readWhole` takes at most. */
const maxWhole = Number.MAX_SAFE_INTEGER;

const position: Schema = { type: "integer", minimum: 0, maximum: maxWhole };

/** Every parameter of the API, by its name in `/openapi.json`. */
export const parameters = {
  connection_id: {
    name: "connection_id",
    in: "path",
    required: true,
    description:
      "The task. May hold slashes and any Unicode but control characters; percent-encode it",
    schema: { type: "string", minLength: 1, maxLength: maxConnectionIdLength },
    example: "upload_123456",
  },
  id: {
    name: "id",
    in: "path",
    required: true,
    description: "A socket, as `GET /api/connections` names it",
    schema: { type: "string" },
    example: "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c11",
  },
  idempotency_key: {
    name: "Idempotency-Key",
    in: "header",
    description: "The event's `event_id`, where the body has none",
    schema: { type: "string", minLength: 1, maxLength: 256 },
  },
  lines_idempotency_key: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "With `:` and the number of the line, from 1: the `event_id` of each line that has none",
    // Of an `event_id` of 256 characters, these leave the number 15 digits.
    schema: { type: "string", minLength: 1, maxLength: 240 },
  },
  epoch: {
    name: "epoch",
    in: "query",
    description: "Which life of the history `offset` is of",
    schema: { type: "string" },
  },
  offset: {
    name: "offset",
    in: "query",
    description: "The last event seen: those after it are wanted",
    schema: position,
  },
  limit: {
    name: "limit",
    in: "query",
    description: "How many to answer with at most",
    schema: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
  },
  connection_limit: {
    name: "limit",
    in: "query",
    description: "How many to answer with at most",
    schema: { type: "integer", minimum: 1, maximum: 10_000, default: 1_000 },
  },
  of_connection_id: {
    name: "connection_id",
    in: "query",
    description: "Only those of this task",
    schema: { type: "string" },
  },
  of_user_id: {
    name: "user_id",
    in: "query",
    description: "Only those of this user",
    schema: { type: "string" },
  },
  since: {
    name: "since",
    in: "query",
    description: "The first second that is wanted, in seconds since 1970",
    schema: position,
  },
  file: {
    name: "file",
    in: "path",
    required: true,
    description: "A file of the page",
    schema: { type: "string" },
    example: "console.css",
  },
  status: {
    name: "status",
    in: "query",
    description: "Only tasks with this status",
    schema: { type: "string", enum: [...statuses] },
  },
  cursor: {
    name: "cursor",
    in: "query",
    description: "The `cursor` of the page before",
    schema: position,
  },
  connection_cursor: {
    name: "cursor",
    in: "query",
    description: "The `cursor` of the page before; any node takes it",
    schema: { type: "string" },
  },
  token: {
    name: "token",
    in: "query",
    description: "A JWT; without one the watcher is a guest",
    schema: { type: "string" },
  },
  last_event_id: {
    name: "Last-Event-ID",
    in: "header",
    description:
      "Where to resume, as `epoch:offset`: the `id` of the last event; browsers send it themselves",
    schema: { type: "string" },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

/** One of the keys of {@linkcode parameters}. */
export type ParameterName = keyof typeof parameters;
