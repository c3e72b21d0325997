import { assertEquals } from "@std/assert";
import { nextRelease } from "../support/release.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

const path = "/ws/ws/simple/upload_123456";

Deno.test("simpleEndpoint() greets, byte for byte", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws(path));
  assertEquals(
    await socket.next(),
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"upload_123456"}',
  );
});

for (const message of ["hello", "", '{"type":"ping"}', '连接 "😀"\n']) {
  Deno.test(`simpleEndpoint() echoes ${JSON.stringify(message)} as JSON`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(path));
    await socket.nextOf("connected");
    socket.send(message);
    assertEquals(
      await socket.next(),
      `{"type":"echo","connection_id":"upload_123456","message":${
        JSON.stringify(message)
      }}`,
    );
  });
}

Deno.test("simpleEndpoint() refuses binary messages, and closes with 4400 after 10", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws(path));
  await socket.nextOf("connected");
  for (let count = 1; count <= 10; count += 1) {
    socket.send(new ArrayBuffer(2));
    assertEquals((await socket.nextFrame()).code, "bad_frame");
  }
  assertEquals((await socket.nextFrame()).code, "too_many_bad_frames");
  assertEquals((await socket.closed).code, 4400);
});

Deno.test("simpleEndpoint() lists the socket until the end", async () => {
  await using server = await startTestServer();
  const { registry } = server.services;
  await using socket = new TestSocket(server.ws(path));
  await socket.nextOf("connected");
  const [connection] = registry.list();
  assertEquals(
    [connection?.handshake.route, connection?.handshake.taskId],
    ["simple_websocket", "upload_123456"],
  );
  const released = nextRelease(registry);
  socket.raw.close();
  assertEquals(await released, connection);
  assertEquals([registry.list(), registry.socketCount], [[], 0]);
});
