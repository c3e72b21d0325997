import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { ask, subscribe } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

Deno.test("realtimeEndpoint() sends connected alone with ?watch=false, and reads nothing", async () => {
  const used: string[] = [];
  await using server = await startTestServer({
    services: ({ store }) => ({
      store: {
        ...store,
        read: (...args) => {
          used.push("read");
          return store.read(...args);
        },
      },
    }),
  });
  await published(server, "a", { user_id: "42" });
  await using socket = new TestSocket(
    server.ws("/ws/realtime/a?watch=false&epoch=e&offset=0"),
  );
  const { type, connection_id } = await socket.nextFrame();
  assertEquals([type, connection_id], ["connected", "a"]);
  // A guest may not watch this task; the socket stays open regardless.
  assertEquals(await ask(socket, { type: "ping" }), { type: "pong" });
  assertEquals(used, []);
  assertEquals(server.services.hub.watcherCount("a"), 0);
});

Deno.test("realtimeEndpoint() gives the reason for a rejected token with ?watch=false", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(
    server.ws("/ws/realtime/a?watch=false&token=bad"),
  );
  assertEquals((await socket.nextFrame()).auth_status, "invalid_token");
  assertEquals((await socket.nextFrame()).code, "token_malformed");
  assertEquals(await ask(socket, { type: "ping" }), { type: "pong" });
});

Deno.test("realtimeEndpoint() closes a guest with ?watch=false if authentication is required", async () => {
  await using server = await startTestServer({ config: { auth: "required" } });
  await using socket = new TestSocket(
    server.ws("/ws/realtime/a?watch=false"),
  );
  assertEquals((await socket.closed).code, 4401);
});

Deno.test("realtimeEndpoint() serves subscriptions with ?watch=false, also of the path's id", async () => {
  await using server = await startTestServer();
  await published(server, "mine", { user_id: "7" });
  await published(server, "theirs", { user_id: "8" });
  const token = await signToken({ sub: "7" });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/page?watch=false&token=${token}`),
  );
  assertEquals((await socket.nextFrame()).type, "connected");
  for (const id of ["page", "mine"]) {
    const { type, connection_id } = await subscribe(socket, id);
    assertEquals([type, connection_id], ["sync", id]);
  }
  assertEquals((await subscribe(socket, "theirs")).code, "forbidden");
  await answerOf(server.publish("page", {}));
  assertEquals((await socket.nextFrame()).connection_id, "page");
  await answerOf(server.publish("mine", {}));
  assertEquals((await socket.nextFrame()).connection_id, "mine");
});

for (const query of ["?watch=true", "?watch=", "?watch=0", ""]) {
  Deno.test(`realtimeEndpoint() watches the path's task with '${query}'`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(`/ws/realtime/a${query}`));
    await socket.nextOf("sync");
    assertEquals(server.services.hub.watcherCount("a"), 1);
  });
}
