import * as z from "zod";
import {
  authStatusMeanings,
  errorCodeMeanings,
  tokenCodeMeanings,
} from "./meanings.ts";
import {
  connectionIdSchema,
  countSchema,
  epochSchema,
  taskEventSchema,
  taskSchema,
  userIdSchema,
} from "./task_schemas.ts";

/** Creates a schema of all names in a table of meanings. */
function wordsOf<Word extends string>(
  meanings: Readonly<Record<Word, string>>,
): z.ZodEnum<{ [Name in Word]: Name }> {
  return z.enum(Object.keys(meanings) as Word[]);
}

const listNameSchema = z.string().describe("The client's name of the list");

const message = z.string().describe("For people");

/** The result of a connection's authentication. */
export const authStatusSchema = wordsOf(authStatusMeanings).meta({
  description: Object.entries(authStatusMeanings)
    .map(([status, meaning]) => `\`${status}\`: ${meaning}`).join("; "),
});

/** The code of an `error` frame. */
export const errorCodeSchema = wordsOf({
  ...tokenCodeMeanings,
  ...errorCodeMeanings,
}).describe("A stable code, for programs");

const bareConnected = z.object({
  type: z.literal("connected"),
  message,
  connection_id: connectionIdSchema,
});

/**
 * The schemas of server frames, by name in `/asyncapi.json`. Frames are encoded
 * by hand (`protocol/server_frames.ts`) for speed; tests check the encoders,
 * and frames of a real server, against the schemas.
 */
export const serverFrameSchemas = {
  Connected: bareConnected.extend({
    user_id: userIdSchema,
    auth_status: authStatusSchema,
  }),
  BareConnected: bareConnected,
  ErrorFrame: z.object({
    type: z.literal("error"),
    code: errorCodeSchema,
    message: z.string().describe("The fault and the remedy, for developers"),
    retry_after_ms: countSchema.exactOptional().describe(
      "The delay before reconnecting or retrying, in milliseconds; random per socket",
    ),
    connection_id: connectionIdSchema.exactOptional().describe(
      "The task of the error, if the socket watches several tasks",
    ),
    list: listNameSchema.exactOptional(),
  }),
  Sync: z.object({
    type: z.literal("sync"),
    connection_id: connectionIdSchema.exactOptional().describe(
      "Present in the answer to `subscribe`",
    ),
    epoch: epochSchema,
    offset: countSchema.describe(
      "The position before the next event, whose `offset` is one greater",
    ),
    recovered: z.boolean().describe(
      "True if every event after the requested position follows. Otherwise `task` replaces the missed events",
    ),
    task: taskSchema.nullable().describe(
      "`null` if nothing has been published",
    ),
  }),
  TaskEvent: z.object({ type: z.literal("task") }).extend(
    taskEventSchema.shape,
  ).extend({
    skipped: z.int().min(1).exactOptional().describe(
      "The number of earlier events replaced by this event, for slow readers",
    ),
  }),
  Pong: z.object({
    type: z.literal("pong"),
    id: z.union([z.string(), z.number()]).exactOptional().describe(
      "The `id` of the `ping`",
    ),
  }),
  Auth: z.object({
    type: z.literal("auth"),
    user_id: userIdSchema,
    auth_status: authStatusSchema,
  }),
  TokenExpiring: z.object({
    type: z.literal("token_expiring"),
    expires_in: countSchema.describe("In seconds"),
  }),
  Unsubscribed: z.object({
    type: z.literal("unsubscribed"),
    connection_id: connectionIdSchema,
  }),
  CancelRequested: z.object({
    type: z.literal("cancel_requested"),
    connection_id: connectionIdSchema,
  }),
  Deleted: z.object({
    type: z.literal("deleted"),
    connection_id: connectionIdSchema,
  }),
  List: z.object({
    type: z.literal("list"),
    list: listNameSchema,
    tasks: z.array(taskSchema).describe(
      "Newest change first. Tasks beyond 256 KiB follow as `list_update`",
    ),
    complete: z.boolean().describe("False if more tasks match"),
  }),
  ListUpdate: z.object({
    type: z.literal("list_update"),
    list: listNameSchema,
    task: taskSchema,
  }),
  ListRemove: z.object({
    type: z.literal("list_remove"),
    list: listNameSchema,
    connection_id: connectionIdSchema,
  }),
  ListUnsubscribed: z.object({
    type: z.literal("list_unsubscribed"),
    list: listNameSchema,
  }),
  Echo: z.object({
    type: z.literal("echo"),
    connection_id: connectionIdSchema,
    message: z.string().describe("The received text"),
  }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** The name of a server frame. */
export type ServerFrameName = keyof typeof serverFrameSchemas;
