import { assert, assertEquals } from "@std/assert";
import type { Verdict } from "../../src/auth/verifier.ts";
import { opcodes, RawSocket } from "../support/raw_socket.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

for (
  const [ping, pong] of [
    ['{"type":"ping"}', '{"type":"pong"}'],
    ['{"type":"ping","id":7}', '{"type":"pong","id":7}'],
    ['{"type":"ping","id":"é","more":1}', '{"type":"pong","id":"é"}'],
  ] as const
) {
  Deno.test(`realtimeEndpoint() answers ${ping}`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws("/ws/realtime/a"));
    await socket.nextOf("sync");
    socket.send(ping);
    assertEquals(await socket.next(), pong);
  });
}

Deno.test("realtimeEndpoint() stays open after 9 bad frames, and closes with 4400 after 10", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/realtime/a"));
  await socket.nextOf("sync");
  const bad = [
    "",
    "{",
    "null",
    "[]",
    '"ping"',
    "{}",
    '{"type":"no such type"}',
    '{"type":"ping","id":{}}',
    new Uint8Array([1, 2]).buffer,
  ];
  for (const message of bad) {
    socket.send(message);
    const { type, code } = await socket.nextFrame();
    assertEquals([type, code], ["error", "bad_frame"]);
  }
  socket.send({ type: "ping" });
  assertEquals((await socket.nextFrame()).type, "pong");
  socket.send("tenth");
  assertEquals((await socket.nextFrame()).code, "bad_frame");
  assertEquals((await socket.nextFrame()).code, "too_many_bad_frames");
  assertEquals((await socket.closed).code, 4400);
});

Deno.test("realtimeEndpoint() answers messages sent during the token check afterwards, in order", async () => {
  const verdict = Promise.withResolvers<Verdict>();
  await using server = await startTestServer({
    services: () => ({ verifier: { verify: () => verdict.promise } }),
  });
  using socket = await RawSocket.open(server.ws("/ws/realtime/a?token=t"));
  const encoder = new TextEncoder();
  for (const id of [1, 2, 3]) {
    const ping = encoder.encode(`{"type":"ping","id":${id}}`);
    await socket.send(opcodes.text, ping);
  }
  // The runtime answers protocol pings in order, so all earlier frames have
  // arrived.
  await socket.send(opcodes.ping, encoder.encode("?"));
  assertEquals((await socket.next()).opcode, opcodes.pong);
  verdict.resolve({ ok: true, grant: { userId: "42", scopes: new Set() } });
  const answers = [];
  for (let count = 0; count < 5; count += 1) {
    const { type, id } = JSON.parse(await socket.nextText());
    answers.push(id ?? type);
  }
  assertEquals(answers, ["connected", "sync", 1, 2, 3]);
});

Deno.test("realtimeEndpoint() lets a client go while its token is being verified", async () => {
  const verdict = Promise.withResolvers<Verdict>();
  await using server = await startTestServer({
    services: () => ({ verifier: { verify: () => verdict.promise } }),
  });
  await using socket = new TestSocket(server.ws("/ws/realtime/a?token=t"));
  await socket.opened;
  socket.raw.close();
  await socket.closed;
  verdict.resolve({ ok: true, grant: { userId: "42", scopes: new Set() } });
  await using next = new TestSocket(server.ws("/ws/realtime/a"));
  await next.nextOf("sync");
  assertEquals(server.services.hub.watcherCount("a"), 1);
});

Deno.test("realtimeEndpoint() resumes by epoch and offset, and goes on live", async () => {
  await using server = await startTestServer();
  for (let count = 0; count < 5; count += 1) {
    await answerOf(server.publish("a", {}));
  }
  const { epoch } = await server.services.store.read("a");
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?epoch=${epoch}&offset=2`),
  );
  const { offset, recovered } = await socket.nextOf("sync");
  assertEquals([offset, recovered], [2, true]);
  await answerOf(server.publish("a", {}));
  for (const expected of [3, 4, 5, 6]) {
    assertEquals((await socket.nextFrame()).offset, expected);
  }
});

for (
  const query of [
    "offset=2",
    "epoch=EPOCH",
    "epoch=EPOCH&offset=x",
    "epoch=EPOCH&offset=-1",
    "epoch=EPOCH&offset=1e0",
    "epoch=other&offset=2",
  ]
) {
  Deno.test(`realtimeEndpoint() sends the snapshot alone for ?${query}`, async () => {
    await using server = await startTestServer();
    for (let count = 0; count < 5; count += 1) {
      await answerOf(server.publish("a", {}));
    }
    const { epoch } = await server.services.store.read("a");
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/a?${query.replace("EPOCH", epoch)}`),
    );
    const { offset, recovered, task } = await socket.nextOf("sync");
    assertEquals([offset, recovered], [5, false]);
    assert(task);
    await answerOf(server.publish("a", {}));
    assertEquals((await socket.nextFrame()).offset, 6);
  });
}

Deno.test("realtimeEndpoint() replays a history far beyond the buffer's limit", async () => {
  await using server = await startTestServer({
    config: { maxBufferedBytes: 16_384 },
  });
  const { store } = server.services;
  for (let count = 0; count < 1_000; count += 1) {
    await store.publish("a", { data: "x".repeat(1_000) });
  }
  const { epoch } = await store.read("a");
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?epoch=${epoch}&offset=0`),
  );
  await socket.nextOf("sync");
  for (let offset = 1; offset <= 1_000; offset += 1) {
    assertEquals((await socket.nextFrame()).offset, offset);
  }
});
