import { maxConnectionIdLength } from "../tasks/task_id.ts";
import { statuses } from "../tasks/status.ts";
import { guidePageNames, pictureNames } from "./guide_files.ts";
import type { Schema } from "./schemas/components.ts";

/** A request parameter in OpenAPI's form. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: true;
  readonly description: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

/** The maximum accepted by `readWhole`. */
const maxWhole = Number.MAX_SAFE_INTEGER;

const position: Schema = { type: "integer", minimum: 0, maximum: maxWhole };

/** All parameters of the API, by name in `/openapi.json`. */
export const parameters = {
  connection_id: {
    name: "connection_id",
    in: "path",
    required: true,
    description:
      "The id of the task, percent-encoded. May contain slashes and any Unicode except control characters",
    schema: { type: "string", minLength: 1, maxLength: maxConnectionIdLength },
    example: "upload_123456",
  },
  id: {
    name: "id",
    in: "path",
    required: true,
    description: "The `id` of a connection in `GET /api/connections`",
    schema: { type: "string" },
    example: "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c11",
  },
  idempotency_key: {
    name: "Idempotency-Key",
    in: "header",
    description: "The event's `event_id`, if the body has none",
    schema: { type: "string", minLength: 1, maxLength: 256 },
  },
  lines_idempotency_key: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "Followed by `:` and the line number, from 1, the `event_id` of lines without an `event_id`",
    // Leaves 15 digits for the line number within the 256 characters of an
    // `event_id`.
    schema: { type: "string", minLength: 1, maxLength: 240 },
  },
  epoch: {
    name: "epoch",
    in: "query",
    description: "The epoch of `offset`",
    schema: { type: "string" },
  },
  offset: {
    name: "offset",
    in: "query",
    description: "The offset of the last event seen: later events follow",
    schema: position,
  },
  limit: {
    name: "limit",
    in: "query",
    description: "The maximum number of results",
    schema: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
  },
  connection_limit: {
    name: "limit",
    in: "query",
    description: "The maximum number of results",
    schema: { type: "integer", minimum: 1, maximum: 10_000, default: 1_000 },
  },
  of_connection_id: {
    name: "connection_id",
    in: "query",
    description: "Only connections to this task",
    schema: { type: "string" },
  },
  of_user_id: {
    name: "user_id",
    in: "query",
    description: "Only connections of this user",
    schema: { type: "string" },
  },
  since: {
    name: "since",
    in: "query",
    description: "The first second to include, in seconds since 1970",
    schema: position,
  },
  file: {
    name: "file",
    in: "path",
    required: true,
    description: "The name of a file of the console",
    schema: { type: "string" },
    example: "console.css",
  },
  page: {
    name: "page",
    in: "path",
    required: true,
    description: "A page of the guide",
    schema: { type: "string", enum: [...guidePageNames] },
    example: "tour",
  },
  picture: {
    name: "picture",
    in: "path",
    required: true,
    description: "A picture of the guide",
    schema: { type: "string", enum: [...pictureNames] },
    example: "console.png",
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
    description: "The `cursor` of the previous page",
    schema: position,
  },
  connection_cursor: {
    name: "cursor",
    in: "query",
    description: "The `cursor` of the previous page, valid on any node",
    schema: { type: "string" },
  },
  token: {
    name: "token",
    in: "query",
    description: "A JWT; watchers without a token are guests",
    schema: { type: "string" },
  },
  last_event_id: {
    name: "Last-Event-ID",
    in: "header",
    description:
      "The position to resume at, `epoch:offset`: the `id` of the last event. Browsers send the header automatically",
    schema: { type: "string" },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

/** A key of {@linkcode parameters}. */
export type ParameterName = keyof typeof parameters;
