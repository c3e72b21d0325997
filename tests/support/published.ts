import { assertEquals } from "@std/assert";
import type { TestServer } from "./server.ts";

/** Publishes events to a test server in sequence. Fails if an event is refused. */
export async function published(
  server: TestServer,
  taskId: string,
  ...events: readonly unknown[]
): Promise<void> {
  for (const event of events) {
    const response = await server.publish(taskId, event);
    const answer = await response.text();
    assertEquals(response.status, 201, answer);
  }
}
