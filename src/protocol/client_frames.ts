import { z } from "zod";
import { maxConnectionIdLength, taskIdFault } from "../tasks/task_id.ts";
import { findInexactNumber } from "./exact_numbers.ts";

/** The longest `id` of a ping, in characters: it is sent back. */
const maxPingIdLength = 256;

const taskId = z.string().superRefine((id, context) => {
  const fault = taskIdFault(id);
  if (fault !== undefined) context.addIssue(fault);
}).meta({
  minLength: 1,
  maxLength: maxConnectionIdLength,
  description: "The task",
});

/** What {@linkcode parseClientFrame} takes, and `/asyncapi.json` describes. */
export const clientFrameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ping"),
    id: z.union([z.string().max(maxPingIdLength), z.number()]).optional()
      .meta({ description: "Comes back in the `pong`" }),
  }),
  z.object({
    type: z.literal("subscribe"),
    connection_id: taskId,
    epoch: z.string().optional().meta({
      description: "Where to resume: the `epoch` of the last `sync` seen",
    }),
    offset: z.int().min(0).optional().meta({
      description: "Where to resume: the `offset` of the last event seen",
    }),
  }),
  z.object({
    type: z.literal("auth"),
    token: z.string().min(1).meta({ description: "A JWT" }),
  }),
  z.object({ type: z.literal("unsubscribe"), connection_id: taskId }),
  z.object({ type: z.literal("cancel"), connection_id: taskId }),
]);

/** A frame from the client on `/ws/realtime` (spec §1, 'From the client'). */
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** The types that {@linkcode parseClientFrame} understands. */
export const clientFrameTypes: readonly string[] = clientFrameSchema.options
  .map((option) => option.shape.type.value);

/**
 * The longest frame but `auth`, in UTF-16 code units. The largest that makes
 * sense is `subscribe` with an id of 256 escaped characters.
 */
export const maxFrameLength = 4_096;

/** An `auth` frame of type and token alone, which may be longer: a token has no bound of its own. */
const longAuth =
  /^\s*\{\s*(?:"type"\s*:\s*"auth"\s*,\s*"token"\s*:\s*"[^"\\]*"|"token"\s*:\s*"[^"\\]*"\s*,\s*"type"\s*:\s*"auth")\s*\}\s*$/;

/**
 * Parses a client's message. A long one is refused before it is parsed, because
 * nested JSON costs much more to parse than to send. Members that aren't known are ignored.
 *
 * @param message Text, or the bytes of a binary message.
 * @returns The frame, or a sentence that tells the sender what is wrong with it.
 */
export function parseClientFrame(
  message: string | ArrayBuffer,
): ClientFrame | string {
  if (typeof message !== "string") {
    return "Frames are JSON text, and this one is binary";
  }
  if (message.length > maxFrameLength && !longAuth.test(message)) {
    return `A frame may have ${maxFrameLength} characters; only auth, of "type" and "token" alone, may have more`;
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
    return `The frame has the number ${inexact}, which would come back changed: send it as a string`;
  }
  const [issue] = result.error.issues;
  if (issue === undefined || issue.path[0] === "type") {
    return `The frame's "type" is not one of ${clientFrameTypes.join(", ")}`;
  }
  return `The frame's ${issue.path.join(".") || "shape"}: ${issue.message}`;
}
