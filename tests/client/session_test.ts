import { assertEquals, assertThrows } from "@std/assert";
import { FollowedTask } from "../../src/client/followed_task.ts";
import { openSession } from "../../src/client/session.ts";
import { FakeSockets } from "../support/fake_sockets.ts";

/** Returns the URL of an opened session. */
function urlOf(
  server: string,
  transport: "websocket" | "sse",
  id: string,
  position?: { epoch: string; offset: number },
): string {
  const { all, WebSocket } = new FakeSockets();
  const asked: string[] = [];
  const task = new FollowedTask(id);
  task.position = position;
  openSession(
    {
      url: new URL(server),
      WebSocket,
      fetch: (url) => {
        asked.push(String(url));
        return new Promise(() => {});
      },
    },
    { transport, task, token: undefined },
    { onFrame: () => {}, onEnd: () => {} },
  ).close();
  return asked[0] ?? String(all[0]?.url);
}

Deno.test("openSession() finds the routes below the server's URL, over the right scheme", () => {
  for (const server of ["http://h", "http://h/", "ws://h"]) {
    assertEquals(urlOf(server, "websocket", "a"), "ws://h/ws/realtime/a");
    assertEquals(urlOf(server, "sse", "a"), "http://h/sse/realtime/a");
  }
  for (const server of ["https://h/x", "wss://h/x/"]) {
    assertEquals(urlOf(server, "websocket", "a"), "wss://h/x/ws/realtime/a");
    assertEquals(urlOf(server, "sse", "a"), "https://h/x/sse/realtime/a");
  }
});

Deno.test("openSession() keeps the query of the server's URL", () => {
  assertEquals(
    urlOf("http://h?tenant=1", "websocket", "a", { epoch: "e", offset: 2 }),
    "ws://h/ws/realtime/a?tenant=1&epoch=e&offset=2",
  );
});

Deno.test("openSession() encodes the id of the task", () => {
  assertEquals(
    urlOf("http://h", "websocket", "视频/1?#%"),
    "ws://h/ws/realtime/%E8%A7%86%E9%A2%91%2F1%3F%23%25",
  );
});

Deno.test("openSession() throws if a token can't be a subprotocol, and leaves no timer", () => {
  assertThrows(() =>
    openSession(
      { url: new URL("http://h"), WebSocket, fetch },
      {
        transport: "websocket",
        task: new FollowedTask("a"),
        token: "not a token",
      },
      { onFrame: () => {}, onEnd: () => {} },
    )
  );
});
