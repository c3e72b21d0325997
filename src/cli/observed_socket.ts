import * as z from "zod";
import { explainSocketError } from "./frame_reader.ts";

const taskMembers = z.object({
  status: z.string(),
  attempt: z.number(),
  progress: z.number(),
  current: z.number(),
  total: z.number(),
  unit: z.string(),
  message: z.string(),
  rate: z.number(),
  eta: z.iso.datetime(),
}).partial();

const listedTask = taskMembers.extend({
  connection_id: z.string(),
  epoch: z.string(),
  offset: z.number(),
  updated_at: z.string(),
});

/** The frames that the command shows, each with the members that are shown. */
const frameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("connected"),
    auth_status: z.string(),
    user_id: z.union([z.string(), z.number()]),
  }),
  z.object({
    type: z.literal("sync"),
    connection_id: z.string(),
    epoch: z.string(),
    offset: z.number(),
    recovered: z.boolean(),
    task: taskMembers.nullable(),
  }),
  taskMembers.extend({
    type: z.literal("task"),
    connection_id: z.string(),
    offset: z.number(),
    cleared: z.array(z.string()).optional(),
  }),
  z.object({ type: z.literal("deleted") }),
  z.object({
    type: z.literal("list"),
    list: z.string(),
    tasks: z.array(listedTask),
    complete: z.boolean(),
  }),
  z.object({
    type: z.literal("list_update"),
    list: z.string(),
    task: listedTask,
  }),
  z.object({
    type: z.literal("list_remove"),
    list: z.string(),
    connection_id: z.string(),
  }),
  z.object({
    type: z.literal("error"),
    code: z.string(),
    message: z.string(),
    retry_after_ms: z.number().min(0).max(3_600_000).optional(),
  }),
]);

const knownTypes: readonly string[] = frameSchema.options
  .map((option) => option.shape.type.value);

/** Called for events of the sockets that a client opens, before the client sees the events. */
export interface SocketObserver {
  readonly onOpen: () => void;
  /** @param reason The words of the close frame, otherwise of the network. */
  readonly onEnd: (reason: string) => void;
  /** Called for a message that no taskwire server sends. The client does not see the message. */
  readonly onForeignMessage: () => void;
}

/**
 * Makes a `WebSocket` class for the client that reports the network's errors,
 * which the client does not read, and stops messages that are no frames.
 */
export function observedWebSocket(
  { onOpen, onEnd, onForeignMessage }: SocketObserver,
): new (url: string, protocols: string[]) => WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      this.addEventListener("open", onOpen);
      this.addEventListener("message", (event) => {
        if (isFrame(event.data)) return;
        event.stopImmediatePropagation();
        onForeignMessage();
      });
      let failure = "";
      this.addEventListener("error", (event) => {
        failure = explainSocketError(event).message;
        onEnd(failure);
      });
      this.addEventListener("close", ({ code, reason }) => {
        // Deno reports code 0 for a connection lost without a close frame.
        onEnd(reason || failure || String(code || 1006));
      });
    }
  };
}

/** Checks the members that the command shows; frames of unknown types pass. */
function isFrame(data: unknown): boolean {
  let message: unknown;
  try {
    message = JSON.parse(String(data));
  } catch {
    return false;
  }
  if (frameSchema.safeParse(message).success) return true;
  const type = (message as { type?: unknown } | null)?.type;
  return typeof type === "string" && !knownTypes.includes(type);
}
