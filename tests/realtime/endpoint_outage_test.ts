import { assertEquals } from "@std/assert";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { awayStore } from "../support/away_store.ts";
import { published } from "../support/published.ts";
import { ask, openRealtime } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

Deno.test("RealtimeSession answers pings while the store is down, and watches its tasks afterwards", async () => {
  const store = awayStore();
  await using server = await startTestServer({ services: store.services });
  await published(server, "a", { progress: 0.5 });
  store.leave();
  await using socket = new TestSocket(server.ws("/ws/realtime/a"));
  await socket.nextOf("connected");
  socket.send({ type: "subscribe", connection_id: "b" });
  socket.send({ type: "ping" });
  assertEquals((await socket.nextFrame()).type, "pong");
  store.restore();
  const { type, task } = await socket.nextFrame();
  assertEquals([type, Object(task).progress], ["sync", 0.5]);
  const other = await socket.nextFrame();
  assertEquals([other.type, other.connection_id], ["sync", "b"]);
});

Deno.test("RealtimeSession answers a cancel with store_unavailable while the store is down", async () => {
  const store = awayStore();
  await using server = await startTestServer({ services: store.services });
  await published(server, "a", { user_id: "7" });
  await using socket = await openRealtime(server, "a", { sub: "7" });
  store.leave();
  const cancel = { type: "cancel", connection_id: "a" };
  const { code, connection_id } = await ask(socket, cancel);
  assertEquals([code, connection_id], ["store_unavailable", "a"]);
  store.restore();
  assertEquals((await ask(socket, cancel)).type, "cancel_requested");
});

Deno.test("RealtimeSession answers a cancel with store_unavailable if the store takes no writes", async () => {
  await using server = await startTestServer({
    services: ({ store }) => ({
      store: {
        ...store,
        publish: () => Promise.reject(new StoreUnavailableError("refused")),
      },
    }),
  });
  await server.services.store.publishAll([
    { taskId: "a", change: { user_id: "7" } },
  ]);
  await using socket = await openRealtime(server, "a", { sub: "7" });
  const cancel = { type: "cancel", connection_id: "a" };
  assertEquals((await ask(socket, cancel)).code, "store_unavailable");
  assertEquals((await ask(socket, { type: "ping" })).type, "pong");
});
