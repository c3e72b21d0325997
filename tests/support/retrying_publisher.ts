import { assertEquals } from "@std/assert";
import type { Frame } from "./socket.ts";

/** An event published until answered. */
export interface RetriedEvent {
  readonly task: string;
  readonly eventId: string;
  readonly apiKey: string;
  /** The other members of the event. */
  readonly members?: Frame;
}

/**
 * Publishes like a retrying worker, under the same `event_id` until answered.
 * Returns the event's offset.
 */
export async function publishUntilAnswered(
  origin: string,
  event: RetriedEvent,
): Promise<number> {
  const answer = await publishInTurn(() => origin, event);
  return Number(answer.offset);
}

/**
 * Publishes like {@linkcode publishUntilAnswered}, to a server per attempt.
 *
 * @param originOf Returns the server for the next attempt.
 * @returns The answer.
 */
export async function publishInTurn(
  originOf: () => string,
  { task, eventId, apiKey, members }: RetriedEvent,
): Promise<Frame> {
  const path = `/api/tasks/${encodeURIComponent(task)}/events`;
  for (;;) {
    try {
      const response = await fetch(originOf() + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ ...members, event_id: eventId }),
      });
      const answer = await response.json();
      // 503: the answering process is draining, and has not stored the event.
      if (response.status !== 503) {
        assertEquals(response.status, 201);
        return answer;
      }
    } catch (error) {
      // The server is being killed or started, and has not acknowledged the
      // event.
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
