import { assert, assertEquals } from "@std/assert";
import { answerOf } from "../../support/answer.ts";
import { ask, openForLists, openRealtime } from "../../support/realtime.ts";
import { scrape } from "../../support/scrape.ts";
import { startTestServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

Deno.test("addTaskMetrics() counts and times publishes and deliveries", async () => {
  await using server = await startTestServer();
  await using _first = await openRealtime(server, "a");
  await using _second = await openRealtime(server, "a");
  for (const event of [{ event_id: "1" }, { event_id: "1" }, {}]) {
    await answerOf(server.publish("a", event));
  }
  await answerOf(server.publish("unwatched", { status: "succeeded" }));
  await answerOf(server.publish("unwatched", {}));
  const { samples } = await scrape(server.origin);
  const published = (outcome: string) =>
    samples.get(`taskwire_publishes_total{outcome="${outcome}"}`);
  assertEquals(
    [published("stored"), published("duplicate"), published("refused")],
    [3, 1, 1],
  );
  assertEquals(samples.get("taskwire_deliveries_total"), 4);
  assertEquals(samples.get("taskwire_delivery_duration_seconds_count"), 2);
  assert(Number(samples.get("taskwire_delivery_duration_seconds_sum")) > 0);
  assertEquals(samples.get("taskwire_watched_tasks"), 1);
  const operation =
    'taskwire_store_duration_seconds_count{operation="publish"}';
  assertEquals(samples.get(operation), 5);
});

Deno.test("addTaskMetrics() counts the open lists", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, { sub: "ada" });
  for (const list of ["one", "two"]) {
    await ask(socket, { type: "subscribe_list", list, mine: true });
  }
  const { samples } = await scrape(server.origin);
  assertEquals(samples.get("taskwire_lists"), 2);
});

Deno.test("addTaskMetrics() counts watchers by resume outcome", async () => {
  await using server = await startTestServer();
  const { epoch } = (await answerOf(server.publish("a", {}))).json();
  for (
    const query of [
      "",
      `?epoch=${epoch}&offset=0`,
      `?epoch=${epoch}&offset=1`,
      "?epoch=another&offset=1",
    ]
  ) {
    await using socket = new TestSocket(server.ws(`/ws/realtime/a${query}`));
    await socket.nextOf("sync");
  }
  const { samples } = await scrape(server.origin);
  const begun = (outcome: string) =>
    samples.get(`taskwire_resumes_total{outcome="${outcome}"}`);
  assertEquals(
    [begun("fresh"), begun("recovered"), begun("snapshot")],
    [1, 2, 1],
  );
});

Deno.test("addTaskMetrics() shows the counters of other parts", async () => {
  await using server = await startTestServer();
  server.services.counters.mergedEvents = 3;
  server.services.counters.storeErrors.publish = 4;
  const { samples } = await scrape(server.origin);
  assertEquals(samples.get("taskwire_merged_events_total"), 3);
  assertEquals(
    samples.get('taskwire_store_errors_total{operation="publish"}'),
    4,
  );
});
