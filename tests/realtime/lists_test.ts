import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { ask, openForLists } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";

const ada = { user_id: "ada" };

/** Subscribes to a list, and returns the answer. */
function list(socket: TestSocket, query: Record<string, unknown>) {
  return ask(socket, { type: "subscribe_list", list: "mine", ...query });
}

/** Returns the ids and statuses of the tasks in a `list` frame. */
function idsOf(frame: Record<string, unknown>): string[] {
  return (frame.tasks as { connection_id: string }[]).map((task) =>
    task.connection_id
  );
}

Deno.test("Lists.open() sends the tasks of the user, newest change first, then changes", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await published(server, "b", ada);
  await published(server, "c", { user_id: "eve" });
  await published(server, "d", {});
  await published(server, "a", { progress: 0.5 });
  await using socket = await openForLists(server, { sub: "ada" });
  const frame = await list(socket, { mine: true });
  assertEquals(Object.keys(frame), ["type", "list", "tasks", "complete"]);
  assertEquals(frame.list, "mine");
  assertEquals(idsOf(frame), ["a", "b"]);
  assertEquals(frame.complete, true);

  await published(server, "e", ada);
  const update = await socket.nextFrame();
  assertEquals(update.type, "list_update");
  assertEquals((update.task as { connection_id: string }).connection_id, "e");
  await answerOf(server.publish("e", { status: "succeeded" }));
  assertEquals(
    ((await socket.nextFrame()).task as { status: string }).status,
    "succeeded",
  );
});
