import * as z from "zod";
import { maxConnectionIdLength } from "../../tasks/task_id.ts";
import { heartbeatSchema } from "../../http/api/heartbeat.ts";
import { eventDraftSchema } from "../../tasks/draft.ts";
import { authStatusSchema } from "./frame_schemas.ts";
import {
  connectionListSchema,
  connectionSchema,
  setupSchema,
  statsSchema,
} from "./operator_schemas.ts";
import { problemMeanings } from "./problems.ts";
import {
  clearableSchema,
  connectionIdSchema,
  countSchema,
  epochSchema,
  statusSchema,
  taskEventSchema,
  taskSchema,
  timeSchema,
} from "./task_schemas.ts";

const problemSchema = z.object({
  type: z.literal("about:blank"),
  title: z.string().describe("The name of the status"),
  status: z.int().min(400).max(599),
  code: z.enum(Object.keys(problemMeanings)).describe(
    "A stable code, for programs",
  ),
  detail: z.string().describe("The fault of the request, and the remedy"),
});

const publishedSchema = z.object({
  connection_id: connectionIdSchema,
  epoch: epochSchema,
  offset: z.int().min(1).describe("The event's position in the task's history"),
  delivered: countSchema.describe(
    "The number of watchers the event was delivered to",
  ),
  duplicate: z.boolean().describe(
    "True if the task already had an event with this `event_id`",
  ),
  cancel_requested: z.boolean().describe("True if the worker should stop"),
  current: taskEventSchema.shape.current.describe(
    "The amount done after the event: of many workers that publish increments, exactly one gets the total",
  ),
  total: taskEventSchema.shape.total.describe(
    "The amount to do after the event",
  ),
});

/**
 * The schemas of HTTP requests and answers, by name in `/openapi.json`.
 * `eventDraftSchema` itself validates requests. Answers are encoded by hand;
 * tests check the answers of a real server against the schemas.
 */
export const httpSchemas = {
  EventDraft: eventDraftSchema,
  EventLine: eventDraftSchema.safeExtend({
    connection_id: z.string().min(1).max(maxConnectionIdLength).describe(
      "The task",
    ),
  }),
  Published: publishedSchema,
  ResultLine: z.union([
    publishedSchema,
    problemSchema.extend({
      line: z.int().min(1).describe(
        "The number of the line in the request, from 1",
      ),
    }),
  ]).describe("The answer to the line, as if sent alone"),
  TaskEvent: taskEventSchema,
  TaskSnapshot: taskSchema,
  TaskStatus: statusSchema,
  ClearableMember: clearableSchema,
  AuthStatus: authStatusSchema,
  TaskList: z.object({
    tasks: z.array(taskSchema),
    cursor: z.string().exactOptional().describe(
      "The start of the next page; absent on the last page",
    ),
  }),
  TaskHistory: z.object({
    connection_id: connectionIdSchema,
    epoch: epochSchema,
    offset: countSchema.describe("The offset of the newest event"),
    recovered: z.boolean().describe(
      "True if the history reaches back to the requested position",
    ),
    events: z.array(taskEventSchema),
  }),
  HeartbeatDraft: heartbeatSchema,
  Heartbeat: z.object({
    connection_id: connectionIdSchema,
    status: statusSchema,
    attempt: taskEventSchema.shape.attempt,
    cancel_requested: z.boolean().meta({
      description: "True if the worker should stop",
    }),
    lease_ends_at: timeSchema.exactOptional().meta({
      description: "The end of the lease; absent without a lease",
    }),
  }),
  CancelRequested: z.object({
    connection_id: connectionIdSchema,
    cancel_requested: z.literal(true),
  }),
  Connection: connectionSchema,
  ConnectionList: connectionListSchema,
  Stats: statsSchema,
  Setup: setupSchema,
  Health: z.object({ status: z.enum(["ok", "ready"]) }),
  Problem: problemSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** The name of a schema of the HTTP API. */
export type HttpSchemaName = keyof typeof httpSchemas;
