import * as z from "zod";
import { parseUserId } from "./user_id.ts";
import { normalizeStatus, statusWords } from "./status.ts";

/** The largest `data` of an event, in bytes of JSON (spec §2). */
export const maxDataBytes = 65_536;

/** The deepest nesting of `data`: encoding must overflow no stack. */
const maxDataDepth = 1_000;

/** The longest `title` of a task, in characters (spec §1). */
const maxTitleLength = 200;

/** The most labels of a task, and the longest, in characters (spec §1). */
export const maxLabels = { count: 16, length: 64 };

/** The longest `message` of an event, in characters (spec §2). */
export const maxMessageLength = 1_000;

/** The longest `unit`, `event_id` or `user_id`, in characters. */
const maxNameLength = 256;

/** The longest lease, in seconds: a timer holds at most 2^31 − 1 ms. */
export const maxLeaseSeconds = 2_147_483;

const name = z.string().min(1).max(maxNameLength).refine(
  (text) => text.isWellFormed(),
  "not Unicode: half a surrogate pair",
);

/** The rounding error forgiven in a number beyond its bound (spec §2). */
const rounding = 1e-6;

/** Moves a number back onto a bound if only a rounding error lies between. */
export function clamp(value: number, min: number, max: number): number {
  const clamped = Math.min(Math.max(value, min), max);
  return Math.abs(value - clamped) <= rounding ? clamped : value;
}

const amount = z.number().overwrite((value) => clamp(value, 0, Infinity))
  .nonnegative();

function text(maxLength: number) {
  return z.string().refine(
    (text) => text.length <= maxLength || [...text].length <= maxLength,
    `longer than ${maxLength} characters`,
  );
}

/** A label: unlike a title, read by programs. */
const label = text(maxLabels.length).min(1).regex(
  /^\P{Cc}*$/u,
  "has a control character",
).refine(
  (text) => text.isWellFormed(),
  "not Unicode: half a surrogate pair",
);

/**
 * The body of `POST …/events` (spec §2). Unknown members are refused by name,
 * because with a misspelt `progres` the progress bar would never move.
 * `null` clears a member of the task.
 */
export const eventDraftSchema = z.strictObject({
  status: z.string().transform((word, context) => {
    const status = normalizeStatus(word);
    if (status !== undefined) return status;
    context.addIssue(
      word.toLowerCase() === "lost"
        ? "'lost' is published only by the server itself, when a lease expires"
        : `unknown status; expected one of ${statusWords.join(", ")}`,
    );
    return z.NEVER;
  }).meta({
    description:
      `The task's status. By default \`running\` for a first event, and unchanged for later events. In any letter case, one of \`${
        statusWords.join("` `")
      }\``,
  }),
  attempt: z.int().min(1).describe(
    "1 for the first try; a higher number reopens a task that `failed` or was `canceled`",
  ),
  progress: z.number().overwrite((value) => clamp(value, 0, 1)).min(0).max(1)
    .nullable().describe(
      "0 to 1; computed from `current` and `total` if only these are given, and 1 once the task has succeeded",
    ),
  current: amount.nullable().describe("The amount done so far, in `unit`"),
  increment: z.number().refine(
    (value) => value !== 0,
    "expected a number other than 0",
  )
    .describe(
      "The amount to add to `current`, from one of many workers; not together with `current`",
    ),
  total: amount.nullable().describe("The amount to do in all, in `unit`"),
  unit: name.nullable().describe(
    "The unit of `current` and `total`: `rows`, `bytes`, …",
  ),
  title: text(maxTitleLength).nullable().meta({
    maxLength: maxTitleLength,
    description: "The name of the task for people",
  }),
  labels: z.array(label).max(maxLabels.count).refine(
    (labels) => new Set(labels).size === labels.length,
    "a label is given twice",
  ).describe(
    "On a task's first event: the labels by which lists find the task, such as `import` or `team:7`",
  ),
  message: text(maxMessageLength).nullable().meta({
    maxLength: maxMessageLength,
    description: "A sentence for people",
  }),
  data: z.unknown().refine(
    fitsData,
    `larger than ${maxDataBytes} bytes of JSON, or nested deeper than ${maxDataDepth} levels`,
  ).describe(
    `Any JSON, of ${maxDataBytes} bytes and ${maxDataDepth} levels at most`,
  ),
  event_id: name.describe(
    "Names the event: a repeated event is answered like the first and delivered once",
  ),
  lease: z.number().positive().max(maxLeaseSeconds).describe(
    "Seconds; if no event follows in this time, the server publishes `lost`",
  ),
  user_id: z.union([z.string(), z.number()]).transform((value, context) => {
    const userId = parseUserId(value);
    if (userId !== undefined && userId.length <= maxNameLength) return userId;
    context.addIssue("expected a non-empty string or a whole number");
    return z.NEVER;
  }).describe(
    "On a task's first event: makes the task private to this user. A non-empty string or a whole number",
  ),
}).partial().refine(
  ({ current, increment }) => current === undefined || increment === undefined,
  { path: ["increment"], message: "can't be combined with current" },
);

/**
 * A publisher's event: validated, with a normalised status, but not yet checked
 * against the task's state.
 */
export type EventDraft = z.infer<typeof eventDraftSchema>;

function fitsData(data: unknown): boolean {
  if (data === undefined) return true;
  if (!isNestedAtMost(data, maxDataDepth)) return false;
  const json = JSON.stringify(data);
  return json.length <= maxDataBytes &&
    new TextEncoder().encode(json).length <= maxDataBytes;
}

/** Checks level by level: recursion would overflow the stack. */
function isNestedAtMost(data: unknown, maxDepth: number): boolean {
  let level = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false;
    level = level.filter((value) => typeof value === "object" && value !== null)
      .flatMap((value) => Object.values(value as Record<string, unknown>));
  }
  return true;
}
