import { z } from "zod";
import { maxConnectionIdLength } from "../tasks/task_id.ts";
import { eventDraftSchema } from "../tasks/draft.ts";
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
} from "./task_schemas.ts";

const problemSchema = z.object({
  type: z.literal("about:blank"),
  title: z.string().meta({ description: "The status's name" }),
  status: z.int().min(400).max(599),
  code: z.enum(Object.keys(problemMeanings)).meta({
    description: "A stable word for programs",
  }),
  detail: z.string().meta({
    description: "What is wrong with this request, and what to do",
  }),
});

const publishedSchema = z.object({
  connection_id: connectionIdSchema,
  epoch: epochSchema,
  offset: z.int().min(1).meta({
    description: "The event's position in the task's history",
  }),
  delivered: countSchema.meta({
    description: "Watchers that it was handed to",
  }),
  duplicate: z.boolean().meta({
    description: "Whether the `event_id` had come before",
  }),
  cancel_requested: z.boolean().meta({
    description: "Whether the worker is asked to stop",
  }),
});

/**
 * What HTTP requests and answers are made of, by the names in `/openapi.json`.
 * Requests are validated by `eventDraftSchema` itself; answers are encoded by
 * hand, and tests hold those of a real server against these.
 */
export const httpSchemas = {
  EventDraft: eventDraftSchema,
  EventLine: eventDraftSchema.extend({
    connection_id: z.string().min(1).max(maxConnectionIdLength).meta({
      description: "The task",
    }),
  }),
  Published: publishedSchema,
  ResultLine: z.union([
    publishedSchema,
    problemSchema.extend({
      line: z.int().min(1).meta({
        description: "The number of the line in the request, from 1",
      }),
    }),
  ]).meta({
    description:
      "What a request with this line alone would have been answered with",
  }),
  TaskEvent: taskEventSchema,
  TaskSnapshot: taskSchema,
  TaskStatus: statusSchema,
  ClearableMember: clearableSchema,
  AuthStatus: authStatusSchema,
  TaskList: z.object({
    tasks: z.array(taskSchema),
    cursor: z.string().exactOptional().meta({
      description: "Where the next page begins; left out on the last",
    }),
  }),
  TaskHistory: z.object({
    connection_id: connectionIdSchema,
    epoch: epochSchema,
    offset: countSchema.meta({ description: "Of the newest event" }),
    recovered: z.boolean().meta({
      description: "Whether history reaches back to where it was asked from",
    }),
    events: z.array(taskEventSchema),
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

/** A schema of the HTTP API, by its name. */
export type HttpSchemaName = keyof typeof httpSchemas;
