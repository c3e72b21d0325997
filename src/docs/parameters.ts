import { listBounds } from "../protocol/client_frames.ts";
import { maxLabels } from "../tasks/draft.ts";
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

const text: Schema = { type: "string" };

/** A whole number as accepted by `readWhole`. */
const whole = (range: Schema): Schema => ({ type: "integer", ...range });

const position = whole({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const inPath = (
  name: string,
  description: string,
  schema: Schema,
  example: string,
): Parameter => ({
  name,
  in: "path",
  required: true,
  description,
  schema,
  example,
});

const inQuery = (
  name: string,
  description: string,
  schema: Schema = text,
): Parameter => ({ name, in: "query", description, schema });

const inHeader = (
  name: string,
  description: string,
  schema: Schema = text,
): Parameter => ({ name, in: "header", description, schema });

/** All parameters of the API, by name in `/openapi.json`. */
export const parameters = {
  connection_id: inPath(
    "connection_id",
    "The id of the task, percent-encoded. May contain slashes and any Unicode except control characters",
    { ...text, minLength: 1, maxLength: maxConnectionIdLength },
    "upload_123456",
  ),
  id: inPath(
    "id",
    "The `id` of a connection in `GET /api/connections`",
    text,
    "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c11",
  ),
  idempotency_key: inHeader(
    "Idempotency-Key",
    "The event's `event_id`, if the body has none",
    { ...text, minLength: 1, maxLength: 256 },
  ),
  lines_idempotency_key: inHeader(
    "Idempotency-Key",
    "Followed by `:` and the line number, from 1, the `event_id` of lines without an `event_id`",
    // Leaves 15 digits for the line number within the 256 characters of an
    // `event_id`.
    { ...text, minLength: 1, maxLength: 240 },
  ),
  epoch: inQuery("epoch", "The epoch of `offset`"),
  offset: inQuery(
    "offset",
    "The offset of the last event seen: later events follow",
    position,
  ),
  watch: inQuery(
    "watch",
    "`false`: the id only names the connection, and no task is watched until a `subscribe`",
    { ...text, enum: ["true", "false"], default: "true" },
  ),
  limit: inQuery(
    "limit",
    "The maximum number of results",
    whole({ minimum: 1, maximum: 1_000, default: 100 }),
  ),
  connection_limit: inQuery(
    "limit",
    "The maximum number of results",
    whole({ minimum: 1, maximum: 10_000, default: 1_000 }),
  ),
  of_connection_id: inQuery("connection_id", "Only connections to this task"),
  of_user_id: inQuery("user_id", "Only connections of this user"),
  since: inQuery(
    "since",
    "The first second to include, in seconds since 1970",
    position,
  ),
  file: inPath(
    "file",
    "The name of a file of the console",
    text,
    "console.css",
  ),
  page: inPath(
    "page",
    "A page of the guide",
    { ...text, enum: [...guidePageNames] },
    "tour",
  ),
  picture: inPath(
    "picture",
    "A picture of the guide",
    { ...text, enum: [...pictureNames] },
    "console.png",
  ),
  status: inQuery(
    "status",
    "Only tasks with this status",
    { ...text, enum: [...statuses] },
  ),
  label: inQuery(
    "label",
    "Only tasks with this label; may be repeated for tasks with all labels",
  ),
  mine: {
    ...inQuery(
      "mine",
      "The list of the user's private tasks; either `mine` or `label` is required",
      { ...text, enum: ["true"] },
    ),
    example: "true",
  },
  list_label: inQuery(
    "label",
    `The list of the tasks with this label; may be repeated, up to ${listBounds.labels} times, for tasks with all labels`,
    { ...text, minLength: 1, maxLength: maxLabels.length },
  ),
  list_status: inQuery(
    "status",
    "Only tasks with this status; may be repeated",
    { ...text, enum: [...statuses] },
  ),
  list_limit: inQuery(
    "limit",
    "The most tasks; the most recently changed are listed",
    whole({
      minimum: 1,
      maximum: listBounds.limit,
      default: listBounds.defaultLimit,
    }),
  ),
  owner: inQuery("user_id", "Only private tasks of this user"),
  cursor: inQuery("cursor", "The `cursor` of the previous page", position),
  connection_cursor: inQuery(
    "cursor",
    "The `cursor` of the previous page, valid on any node",
  ),
  token: inQuery("token", "A JWT; watchers without a token are guests"),
  last_event_id: inHeader(
    "Last-Event-ID",
    "The position to resume at, `epoch:offset`: the `id` of the last event. Browsers send the header automatically",
  ),
} satisfies Readonly<Record<string, Parameter>>;

/** A key of {@linkcode parameters}. */
export type ParameterName = keyof typeof parameters;
