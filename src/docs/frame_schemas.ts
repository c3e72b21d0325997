import { z } from "zod";
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

/** The names of a table of meanings, none left out. */
function wordsOf<Word extends string>(
  meanings: Readonly<Record<Word, string>>,
): z.ZodEnum<{ [Name in Word]: Name }> {
  return z.enum(Object.keys(meanings) as Word[]);
}

const message = z.string().meta({ description: "For people" });

/** How a connection stands with the server. */
export const authStatusSchema = wordsOf(authStatusMeanings).meta({
  description: Object.entries(authStatusMeanings)
    .map(([status, meaning]) => `\`${status}\`: ${meaning}`).join("; "),
});

/** The code of an `error` frame. */
export const errorCodeSchema = wordsOf({
  ...tokenCodeMeanings,
  ...errorCodeMeanings,
}).meta({ description: "A stable word for programs" });

const bareConnected = z.object({
  type: z.literal("connected"),
  message,
  connection_id: connectionIdSchema,
});

/**
 * What the server sends, by the names in `/asyncapi.json`. The frames are
 * encoded by hand (`protocol/server_frames.ts`), since that is faster; tests
 * hold the encoders, and frames of a real server, against these.
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
    message: z.string().meta({
      description: "What is wrong and what to do, for a developer",
    }),
    retry_after_ms: countSchema.exactOptional().meta({
      description: "When to come back, in milliseconds; at random per socket",
    }),
    connection_id: connectionIdSchema.exactOptional().meta({
      description: "The task that it is about, where a socket watches several",
    }),
  }),
  Sync: z.object({
    type: z.literal("sync"),
    connection_id: connectionIdSchema.exactOptional().meta({
      description: "In the answer to `subscribe`",
    }),
    epoch: epochSchema,
    offset: countSchema.meta({
      description: "The next event has this and 1",
    }),
    recovered: z.boolean().meta({
      description:
        "Whether every event after the position asked for follows; else `task` stands for what was missed",
    }),
    task: taskSchema.nullable().meta({
      description: "`null` where nothing has been published",
    }),
  }),
  TaskEvent: z.object({ type: z.literal("task") }).extend(
    taskEventSchema.shape,
  ).extend({
    skipped: z.int().min(1).exactOptional().meta({
      description:
        "How many events before it this one stands for, for a slow reader",
    }),
  }),
  Pong: z.object({
    type: z.literal("pong"),
    id: z.union([z.string(), z.number()]).exactOptional().meta({
      description: "That of the `ping`",
    }),
  }),
  Auth: z.object({
    type: z.literal("auth"),
    user_id: userIdSchema,
    auth_status: authStatusSchema,
  }),
  TokenExpiring: z.object({
    type: z.literal("token_expiring"),
    expires_in: countSchema.meta({ description: "In seconds" }),
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
  Echo: z.object({
    type: z.literal("echo"),
    connection_id: connectionIdSchema,
    message: z.string().meta({ description: "The text that came" }),
  }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** A frame that the server sends, by its name. */
export type ServerFrameName = keyof typeof serverFrameSchemas;
