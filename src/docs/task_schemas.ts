import { z } from "zod";
import { eventDraftSchema } from "../tasks/draft.ts";
import type { TaskDescription, TaskEvent } from "../tasks/event.ts";
import { clearable } from "../tasks/state.ts";
import { statuses } from "../tasks/status.ts";
import { statusMeanings } from "./meanings.ts";

/** The id of a task, as the server sends it. */
export const connectionIdSchema = z.string().meta({
  description: "Names the task",
});

/** One life of a task's history. */
export const epochSchema = z.string().meta({
  description:
    "One life of the task's history: it changes when the history was lost or deleted",
});

/** A time as the server sends it. */
export const timeSchema = z.string().meta({
  format: "date-time",
  description: "RFC 3339, UTC, milliseconds",
});

/** Any whole number from 0 on. */
export const countSchema = z.int().min(0);

/** A user's id as the server sends it: see `encodeUserId`. */
export const userIdSchema = z.union([
  z.string(),
  // Whole, and not always what zod calls a safe integer.
  z.number().meta({ type: "integer" }),
]).meta({
  description:
    "A number where the id is a plain decimal integer that a double holds exactly, else text",
});

/** What a task can be, as the server says it. */
export const statusSchema = z.enum(statuses).meta({
  description: Object.entries(statusMeanings)
    .map(([status, meaning]) => `\`${status}\`: ${meaning}`).join("; "),
});

/** The names of the members that an event can clear. */
export const clearableSchema = z.enum(clearable);

const draft = eventDraftSchema.shape;

/** One event of a task's history. */
export const taskEventSchema = z.object({
  connection_id: connectionIdSchema,
  offset: z.int().min(1).meta({
    description: "Position in the task's history: 1, 2, 3, … without a hole",
  }),
  event_id: z.string().meta({
    description: "As its publisher named it, else as the server did",
  }),
  status: statusSchema,
  attempt: draft.attempt.unwrap(),
  progress: draft.progress.unwrap().unwrap().exactOptional(),
  current: draft.current.unwrap().unwrap().exactOptional(),
  total: draft.total.unwrap().unwrap().exactOptional(),
  unit: draft.unit.unwrap().unwrap().exactOptional(),
  message: draft.message.unwrap().unwrap().exactOptional(),
  data: draft.data.unwrap().exactOptional(),
  cleared: z.array(clearableSchema).exactOptional().meta({
    description:
      "Members that the task has no longer, because the publisher sent `null`",
  }),
  timestamp: timeSchema,
}) satisfies z.ZodType<TaskEvent>;

/** A task as clients see it: the newest value of each member. */
export const taskSchema = taskEventSchema.omit({ cleared: true }).extend({
  epoch: epochSchema,
  created_at: timeSchema,
  updated_at: timeSchema,
  watchers: countSchema.meta({ description: "Sockets that watch it" }),
  cancel_requested: z.literal(true).exactOptional().meta({
    description: "Its worker is asked to stop; left out where not",
  }),
}) satisfies z.ZodType<TaskDescription>;
