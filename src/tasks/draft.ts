import { z } from "zod";
import { parseUserId } from "./user_id.ts";
import { normalizeStatus, statusWords } from "./status.ts";

/** The largest `data` of an event, in bytes of JSON (spec §2). */
export const maxDataBytes = 65_536;

/** How deep `data` may be nested: encoding it must not overflow anybody's stack. */
const maxDataDepth = 1_000;

/** The longest `message` of an event, in characters (spec §2). */
export const maxMessageLength = 1_000;

/** The longest `unit`, `event_id` or `user_id`, in characters. */
const maxNameLength = 256;

/** The longest lease, in seconds: what a timer can hold (2^31 − 1 ms). */
const maxLeaseSeconds = 2_147_483;

const name = z.string().min(1).max(maxNameLength).refine(
  (text) => text.isWellFormed(),
  "not Unicode: it has half a surrogate pair",
);

/** The distance beyond its bound that rounding may give a computed number (spec §2). */
const rounding = 1e-6;

/** Moves a number onto a bound that rounding has carried it over. */
function clamp(value: number, min: number, max: number): number {
  const clamped = Math.min(Math.max(value, min), max);
  return Math.abs(value - clamped) <= rounding ? clamped : value;
}

const amount = z.number().overwrite((value) => clamp(value, 0, Infinity))
  .nonnegative();

/**
 * What a publisher may say of a task (spec §2, `POST …/events`). A member that
 * isn't listed is refused by name, because a misspelt `progres` would otherwise
 * be a bar that never moves. `null` clears a member of the task.
 */
export const eventDraftSchema = z.strictObject({
  status: z.string().transform((word, context) => {
    const status = normalizeStatus(word);
    if (status !== undefined) return status;
    context.addIssue(
      word.toLowerCase() === "lost"
        ? "'lost' is published by the server itself, when a lease ends"
        : `unknown status; expected one of ${statusWords.join(", ")}`,
    );
    return z.NEVER;
  }).meta({
    description:
      `What the task is now; a first event without one is \`running\`, later ones keep the last. In any letter case, one of \`${
        statusWords.join("` `")
      }\``,
  }),
  attempt: z.int().min(1).meta({
    description:
      "1 for the first try; a higher one reopens a task that `failed` or was `canceled`",
  }),
  progress: z.number().overwrite((value) => clamp(value, 0, 1)).min(0).max(1)
    .nullable().meta({
      description:
        "0 to 1; worked out from `current` and `total` when only those are given, and 1 once the task has succeeded",
    }),
  current: amount.nullable().meta({ description: "Done so far, in `unit`" }),
  total: amount.nullable().meta({
    description: "To be done in all, in `unit`",
  }),
  unit: name.nullable().meta({
    description: "What `current` and `total` count: `rows`, `bytes`, …",
  }),
  message: z.string().refine(
    (text) =>
      text.length <= maxMessageLength || [...text].length <= maxMessageLength,
    `longer than ${maxMessageLength} characters`,
  ).nullable().meta({
    maxLength: maxMessageLength,
    description: "A sentence for people",
  }),
  data: z.unknown().refine(
    fitsData,
    `larger than ${maxDataBytes} bytes of JSON, or nested deeper than ${maxDataDepth} levels`,
  ).meta({
    description:
      `Any JSON, of ${maxDataBytes} bytes and ${maxDataDepth} levels at most`,
  }),
  event_id: name.meta({
    description:
      "Names the event: a repeated one is answered like the first time and delivered once",
  }),
  lease: z.number().positive().max(maxLeaseSeconds).meta({
    description:
      "Seconds; where no other event follows in that time, the server publishes `lost`",
  }),
  user_id: z.union([z.string(), z.number()]).transform((value, context) => {
    const userId = parseUserId(value);
    if (userId !== undefined && userId.length <= maxNameLength) return userId;
    context.addIssue("expected a non-empty string or a whole number");
    return z.NEVER;
  }).meta({
    description:
      "On a task's first event: makes it private, so that only this user may watch it. A non-empty string or a whole number",
  }),
}).partial();

/** A publisher's event, validated and with its status normalised; not yet judged. */
export type EventDraft = z.infer<typeof eventDraftSchema>;

function fitsData(data: unknown): boolean {
  if (data === undefined) return true;
  if (!isNestedAtMost(data, maxDataDepth)) return false;
  const json = JSON.stringify(data);
  return json.length <= maxDataBytes &&
    new TextEncoder().encode(json).length <= maxDataBytes;
}

/** Looks level by level: what nests deeper than the stack must not be recursed into. */
function isNestedAtMost(data: unknown, maxDepth: number): boolean {
  let level = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false;
    level = level.filter((value) => typeof value === "object" && value !== null)
      .flatMap((value) => Object.values(value as Record<string, unknown>));
  }
  return true;
}
