import * as z from "zod";
import { eventDraftSchema } from "../../tasks/draft.ts";
import type { TaskDescription, TaskEvent } from "../../tasks/event.ts";
import { clearable } from "../../tasks/state.ts";
import { statuses } from "../../tasks/status.ts";
import { statusMeanings } from "./meanings.ts";

/** The id of a task in answers and frames. */
export const connectionIdSchema = z.string().describe("The id of the task");

/** The epoch of a task's history. */
export const epochSchema = z.string().describe(
  "Identifies one life of the task's history; changes if the history was lost or deleted",
);

/** A time in answers and frames. */
export const timeSchema = z.string().meta({
  format: "date-time",
  description: "RFC 3339, UTC, milliseconds",
});

/** A whole number, 0 or greater. */
export const countSchema = z.int().min(0);

/** A user's id in answers and frames: see `encodeUserId`. */
export const userIdSchema = z.union([
  z.string(),
  // A whole number, possibly beyond zod's safe integers.
  z.number().meta({ type: "integer" }),
]).describe(
  "A number if the id is a plain decimal integer exactly representable as a double, otherwise text",
);

/** The status of a task in answers and frames. */
export const statusSchema = z.enum(statuses).meta({
  description: Object.entries(statusMeanings)
    .map(([status, meaning]) => `\`${status}\`: ${meaning}`).join("; "),
});

/** The names of clearable members of an event. */
export const clearableSchema = z.enum(clearable);

const draft = eventDraftSchema.shape;

/** An event of a task's history. */
export const taskEventSchema = z.object({
  connection_id: connectionIdSchema,
  offset: z.int().min(1).describe(
    "The position in the task's history: 1, 2, 3, … without gaps",
  ),
  event_id: z.string().describe(
    "The publisher's `event_id`, otherwise an id made by the server",
  ),
  status: statusSchema,
  attempt: draft.attempt.unwrap(),
  title: draft.title.unwrap().unwrap().exactOptional(),
  progress: draft.progress.unwrap().unwrap().exactOptional(),
  current: draft.current.unwrap().unwrap().exactOptional(),
  total: draft.total.unwrap().unwrap().exactOptional(),
  unit: draft.unit.unwrap().unwrap().exactOptional(),
  message: draft.message.unwrap().unwrap().exactOptional(),
  data: draft.data.unwrap().exactOptional(),
  cleared: z.array(clearableSchema).exactOptional().describe(
    "Members removed from the task because the publisher sent `null`",
  ),
  rate: z.number().positive().exactOptional().describe(
    "Units of `current` per second, smoothed. Those of the newest event hold: absent before three events that moved a running task, once the task has stalled, and after the end",
  ),
  eta: timeSchema.exactOptional().describe(
    "The estimated end: RFC 3339, UTC. Absent like `rate`, and if neither `total` nor `progress` is known",
  ),
  timestamp: timeSchema,
}) satisfies z.ZodType<TaskEvent>;

/** A task as clients see it: the newest value of each member. */
export const taskSchema = taskEventSchema.omit({ cleared: true }).extend({
  epoch: epochSchema,
  created_at: timeSchema,
  updated_at: timeSchema,
  started_at: timeSchema.exactOptional().describe(
    "The time of the first `running` event of this attempt",
  ),
  ended_at: timeSchema.exactOptional().describe(
    "The time of the event that ended the task",
  ),
  labels: draft.labels.unwrap().exactOptional().describe(
    "The labels by which lists find the task, fixed by the first event",
  ),
  watchers: countSchema.describe("The number of sockets watching the task"),
  cancel_requested: z.literal(true).exactOptional().describe(
    "The worker should stop; absent otherwise",
  ),
}) satisfies z.ZodType<TaskDescription>;
