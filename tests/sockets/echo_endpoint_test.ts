import { assertEquals } from "@std/assert";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

const path = "/ws/test/upload_123456";

Deno.test("echoEndpoint() greets, byte for byte", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws(path));
  assertEquals(
    await socket.next(),
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"upload_123456"}',
  );
});

for (const message of ["hello", "", '{"type":"ping"}', '连接 "😀"\n\0']) {
  Deno.test(`echoEndpoint() echoes the text ${JSON.stringify(message)}`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(path));
    await socket.nextOf("connected");
    socket.send(message);
    assertEquals(await socket.next(), message);
  });
}

for (const size of [0, 1, 125, 126, 65_535, 65_536]) {
  Deno.test(`echoEndpoint() echoes ${size} bytes as binary`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(path));
    await socket.nextOf("connected");
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 256);
    socket.send(bytes.buffer);
    assertEquals(await socket.next(), bytes.buffer);
  });
}

Deno.test("echoEndpoint() ignores all tokens", async () => {
  await using server = await startTestServer({
    config: { auth: "required" },
    services: () => ({
      verifier: {
        verify: () => {
          throw new Error("nobody should ask");
        },
      },
    }),
  });
  await using socket = new TestSocket(server.ws(`${path}?token=t`));
  await socket.nextOf("connected");
  socket.send("hello");
  assertEquals(await socket.next(), "hello");
});
