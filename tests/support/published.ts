import { assertEquals } from "@std/assert";
import type { TestServer } from "./server.ts";

/** Publishes events to a test server, one after the other, which must take them. */
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
