import * as z from "zod";
import { maxLabels } from "../tasks/draft.ts";
import { maxConnectionIdLength, taskIdFault } from "../tasks/task_id.ts";
import { statuses } from "../tasks/status.ts";
import { findInexactNumber } from "./exact_numbers.ts";

/** The maximum length of a ping's `id`, which the `pong` repeats. */
const maxPingIdLength = 256;

const taskId = z.string().superRefine((id, context) => {
  const fault = taskIdFault(id);
  if (fault !== undefined) context.addIssue(fault);
}).meta({
  minLength: 1,
  maxLength: maxConnectionIdLength,
  description: "The task",
});

/** The most characters of a list's name. */
const maxListNameLength = 64;

/** The labels of a list, and the tasks: at most, and by default. */
export const listBounds = { labels: 4, limit: 500, defaultLimit: 100 } as const;

const listName = z.string().min(1).max(maxListNameLength).describe(
  "The client's name of the list",
);

/** A status to list. */
export const listedStatusSchema = z.enum(statuses);

const subscribeList = z.object({
  type: z.literal("subscribe_list"),
  list: listName,
  mine: z.literal(true).optional().describe(
    "Lists the private tasks of the socket's user",
  ),
  labels: z.array(z.string().min(1).max(maxLabels.length)).min(1)
    .max(listBounds.labels).optional().describe(
      "Lists the tasks that have all these labels",
    ),
  status: z.array(listedStatusSchema).min(1).optional().describe(
    "The statuses to list; all by default",
  ),
  limit: z.int().min(1).max(listBounds.limit).optional().describe(
    `The most tasks, ${listBounds.defaultLimit} by default; the most recently changed are listed`,
  ),
}).refine(
  ({ mine, labels }) => (mine === undefined) !== (labels === undefined),
  {
    message: 'give either "mine": true or "labels"',
  },
);

/** The schema of client frames, for the parser and `/asyncapi.json`. */
export const clientFrameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ping"),
    id: z.union([z.string().max(maxPingIdLength), z.number()]).optional()
      .describe("Repeated in the `pong`"),
  }),
  z.object({
    type: z.literal("subscribe"),
    connection_id: taskId,
    epoch: z.string().optional().describe(
      "To resume: the `epoch` of the last `sync`",
    ),
    offset: z.int().min(0).optional().describe(
      "To resume: the `offset` of the last event seen",
    ),
  }),
  z.object({
    type: z.literal("auth"),
    token: z.string().min(1).describe("A JWT"),
  }),
  z.object({ type: z.literal("unsubscribe"), connection_id: taskId }),
  z.object({ type: z.literal("cancel"), connection_id: taskId }),
  subscribeList,
  z.object({ type: z.literal("unsubscribe_list"), list: listName }),
]);

/** A frame from the client on `/ws/realtime` (spec §1, 'From the client'). */
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** The frame types known to {@linkcode parseClientFrame}. */
export const clientFrameTypes: readonly string[] = clientFrameSchema.options
  .map((option) => option.shape.type.value);

/**
 * The maximum length of a frame other than `auth`, in UTF-16 code units. The
 * longest useful frame is a `subscribe` with an id of 256 escaped characters.
 */
export const maxFrameLength = 4_096;

/**
 * Matches an `auth` frame with only type and token. Such a frame may be longer,
 * since tokens have no maximum length.
 */
const longAuth =
  /^\s*\{\s*(?:"type"\s*:\s*"auth"\s*,\s*"token"\s*:\s*"[^"\\]*"|"token"\s*:\s*"[^"\\]*"\s*,\s*"type"\s*:\s*"auth")\s*\}\s*$/;

/**
 * Parses a client's message. Long messages are refused without parsing, because
 * nested JSON costs much more to parse than to send. Unknown members are
 * ignored.
 *
 * @param message Text, or the bytes of a binary message.
 * @returns The frame, or a description of the fault for the client.
 */
export function parseClientFrame(
  message: string | ArrayBuffer,
): ClientFrame | string {
  if (typeof message !== "string") {
    return "The frame is binary: send JSON text";
  }
  if (message.length > maxFrameLength && !longAuth.test(message)) {
    return `The frame is longer than the limit of ${maxFrameLength} characters: only an auth frame with just "type" and "token" may be longer`;
  }
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return "The frame is not JSON";
  }
  const result = clientFrameSchema.safeParse(json);
  if (result.success) {
    const inexact = findInexactNumber(message);
    if (inexact === undefined) return result.data;
    return `The frame has the number ${inexact}, which can't be represented exactly: send the number as a string`;
  }
  const [issue] = result.error.issues;
  if (issue === undefined || issue.path[0] === "type") {
    return `The frame's "type" is not one of ${clientFrameTypes.join(", ")}`;
  }
  return `The frame's ${issue.path.join(".") || "shape"}: ${issue.message}`;
}

/** Reads the name of the list in a malformed frame: the client of the list learns of the fault. */
export function listNameOf(message: string | ArrayBuffer): string | undefined {
  if (typeof message !== "string" || message.length > maxFrameLength) return;
  try {
    return z.object({ list: listName }).safeParse(JSON.parse(message)).data
      ?.list;
  } catch {
    return undefined; // not JSON
  }
}
