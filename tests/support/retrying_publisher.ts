import { assertEquals } from "@std/assert";

/**
 * Publishes like a retrying worker, under the same `event_id` until answered.
 * Returns the event's offset.
 */
export async function publishUntilAnswered(
  origin: string,
  { task, eventId, apiKey }: { task: string; eventId: string; apiKey: string },
): Promise<number> {
  const url = `${origin}/api/tasks/${encodeURIComponent(task)}/events`;
  for (;;) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { Authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ event_id: eventId }),
      });
      const answer = await response.json();
      // 503: the answering process is draining, and has not stored the event.
      if (response.status !== 503) {
        assertEquals(response.status, 201);
        return answer.offset;
      }
    } catch (error) {
      // The server is being killed or started, and has not acknowledged the
      // event.
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
