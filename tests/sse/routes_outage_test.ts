import { assertEquals } from "@std/assert";
import { awayStore } from "../support/away_store.ts";
import { published } from "../support/published.ts";
import { allReleased } from "../support/released.ts";
import { startTestServer } from "../support/server.ts";
import { SseClient } from "../support/sse_client.ts";

Deno.test("sseRoutes() begins the stream while the store is down, and continues later", async () => {
  const store = awayStore();
  await using server = await startTestServer({ services: store.services });
  await published(server, "a", { progress: 0.5 });
  store.leave();
  await using client = await SseClient.open(server, "a");
  assertEquals(client.response.status, 200);
  assertEquals((await client.nextOf("connected")).connection_id, "a");
  store.restore();
  const { task } = await client.nextOf("sync");
  assertEquals(Object(task).progress, 0.5);
});

Deno.test("sseRoutes() releases clients that disconnect while the store is down", async () => {
  const store = awayStore();
  await using server = await startTestServer({ services: store.services });
  store.leave();
  const client = await SseClient.open(server, "a");
  assertEquals(server.services.registry.socketCount, 1);
  const released = allReleased(server);
  await client[Symbol.asyncDispose]();
  await released;
  store.restore();
});
