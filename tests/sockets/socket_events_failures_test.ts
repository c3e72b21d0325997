import { assertEquals } from "@std/assert";
import { webSocketRoutes } from "../../src/routes.ts";
import type { Endpoint } from "../../src/connections/endpoint.ts";
import { answerOf } from "../support/answer.ts";
import { captureLog } from "../support/captured_log.ts";
import { nextRelease } from "../support/release.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

function broken(): never {
  throw new Error("broken endpoint");
}

const endpoints: [string, Endpoint<unknown>][] = [
  ["throws", broken],
  ["rejects at once", () => Promise.reject(new Error("broken endpoint"))],
  ["rejects later", async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return broken();
  }],
  ["rejects with nothing", () => Promise.reject()],
  ["throws in its message handler", () => broken],
  [
    "rejects in its message handler",
    () => () => Promise.reject(new Error("broken endpoint")),
  ],
  ["rejects later in its message handler", () => async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    broken();
  }],
];

for (const [way, endpoint] of endpoints) {
  Deno.test(`webSocketHandler() closes only the socket whose endpoint ${way}`, async () => {
    await using server = await startTestServer({
      table: [
        ...webSocketRoutes,
        { name: "broken", path: "/ws/broken/{connection_id}", endpoint },
      ],
    });
    await using old = new TestSocket(server.ws("/ws/test/old"));
    await old.nextOf("connected");
    const released = nextRelease(server.services.registry);

    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await using failing = new TestSocket(server.ws("/ws/broken/a"));
      await failing.opened;
      // A message to a closing socket could make the runtime reset the
      // connection.
      if (way.includes("message")) failing.send("hello");
      const { type, code } = await failing.nextFrame();
      assertEquals([type, code], ["error", "internal_error"]);
      assertEquals((await failing.closed).code, 1011);
    }

    assertEquals((await released).handshake.route, "broken");
    old.send("still here");
    assertEquals(await old.next(), "still here");
    await using later = new TestSocket(server.ws("/ws/test/new"));
    await later.nextOf("connected");
    const { status } = await answerOf(server.publish("a", {}));
    assertEquals(status, 201);
  });
}

Deno.test("webSocketHandler() logs why an endpoint failed", async () => {
  using log = captureLog("error");
  await using server = await startTestServer({
    table: [{
      name: "broken_websocket",
      path: "/ws/broken/{connection_id}",
      endpoint: broken,
    }],
  });
  await using socket = new TestSocket(server.ws("/ws/broken/a?token=secret"));
  await socket.closed;
  assertEquals(log.text.includes("broken endpoint"), true);
  assertEquals(log.text.includes("broken_websocket"), true);
  assertEquals(log.text.includes("secret"), false);
});
