import { assertEquals, assertThrows } from "@std/assert";
import type { ListQuery, TaskList } from "../../src/client/api.ts";
import { FollowedList } from "../../src/client/followed_list.ts";
import { FollowedTask } from "../../src/client/followed_task.ts";
import { openSession } from "../../src/client/session.ts";
import type { Subscription } from "../../src/client/subscription.ts";
import { createUpdateQueue } from "../../src/client/update_queue.ts";
import { FakeSockets } from "../support/fake_sockets.ts";

/** Returns the URL of an opened session. */
function urlOf(
  server: string,
  transport: "websocket" | "sse",
  subscription: Subscription,
): string {
  const { all, WebSocket } = new FakeSockets();
  const asked: string[] = [];
  openSession(
    {
      url: new URL(server),
      WebSocket,
      fetch: (url) => {
        asked.push(String(url));
        return new Promise(() => {});
      },
    },
    { transport, subscription, token: undefined },
    { onFrame: () => {}, onEnd: () => {} },
  ).close();
  return asked[0] ?? String(all[0]?.url);
}

const task = new FollowedTask("a");

function followList(query: ListQuery) {
  const queue = createUpdateQueue<TaskList>([], () => {});
  return new FollowedList(7, query, queue);
}

Deno.test("openSession() finds the routes below the server's URL, over the right scheme", () => {
  const rest = "realtime/a?watch=false";
  for (const server of ["http://h", "http://h/", "ws://h"]) {
    assertEquals(urlOf(server, "websocket", task), `ws://h/ws/${rest}`);
    assertEquals(urlOf(server, "sse", task), "http://h/sse/realtime/a");
  }
  for (const server of ["https://h/x", "wss://h/x/"]) {
    assertEquals(urlOf(server, "websocket", task), `wss://h/x/ws/${rest}`);
    assertEquals(urlOf(server, "sse", task), "https://h/x/sse/realtime/a");
  }
});

Deno.test("openSession() keeps the query of the server's URL", () => {
  assertEquals(
    urlOf("http://h?tenant=1", "websocket", task),
    "ws://h/ws/realtime/a?tenant=1&watch=false",
  );
  assertEquals(
    urlOf("http://h?tenant=1", "sse", followList({ mine: true })),
    "http://h/sse/list?tenant=1&mine=true&limit=100",
  );
});

Deno.test("openSession() encodes the id of the task", () => {
  assertEquals(
    urlOf("http://h", "sse", new FollowedTask("视频/1?#%")),
    "http://h/sse/realtime/%E8%A7%86%E9%A2%91%2F1%3F%23%25",
  );
});

Deno.test("openSession() asks for a list by the query of the stream, or by frames", () => {
  const query = {
    labels: ["team:7", "a&b"],
    status: ["queued", "running"],
    limit: 5,
  } as const;
  assertEquals(
    urlOf("http://h", "sse", followList(query)),
    "http://h/sse/list?label=team%3A7&label=a%26b&status=queued&status=running&limit=5",
  );
  assertEquals(
    urlOf("http://h", "websocket", followList(query)),
    "ws://h/ws/realtime/7?watch=false",
  );
});

Deno.test("openSession() throws if a token can't be a subprotocol, and leaves no timer", () => {
  assertThrows(() =>
    openSession(
      { url: new URL("http://h"), WebSocket, fetch },
      {
        transport: "websocket",
        subscription: task,
        token: "not a token",
      },
      { onFrame: () => {}, onEnd: () => {} },
    )
  );
});
