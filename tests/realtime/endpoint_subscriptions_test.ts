import { assertEquals } from "@std/assert";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

Deno.test("realtimeEndpoint() lets a socket watch 100 tasks, including the URL's task", async () => {
  await using server = await startTestServer({ config: { messageRate: 0 } });
  await using socket = new TestSocket(server.ws("/ws/realtime/task-1"));
  await socket.nextOf("sync");
  const subscribe = async (count: number) => {
    const connection_id = `task-${count}`;
    socket.send({ type: "subscribe", connection_id });
    const frame = await socket.nextFrame();
    assertEquals(frame.connection_id, connection_id);
    return frame.code ?? frame.type;
  };
  for (let count = 2; count <= 100; count += 1) {
    assertEquals(await subscribe(count), "sync");
  }
  assertEquals(await subscribe(101), "too_many_subscriptions");
  assertEquals(await subscribe(100), "sync"); // watched already
  socket.send({ type: "unsubscribe", connection_id: "task-50" });
  await socket.nextOf("unsubscribed");
  assertEquals(await subscribe(101), "sync");
  assertEquals(await subscribe(50), "too_many_subscriptions");
});
