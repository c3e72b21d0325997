import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { ask, openRealtime, subscribe } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";

const mine = { sub: "7", labels: ["team:7"] };
const task = { user_id: "42", labels: ["import", "team:7"] };

Deno.test("realtimeEndpoint() opens a private task to a token with a covered label", async () => {
  await using server = await startTestServer();
  await published(server, "a", task);
  await using socket = await openRealtime(server, "a", mine);
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextFrame()).offset, 2);
});

Deno.test("realtimeEndpoint() keeps a token with a covered label when the task becomes private", async () => {
  await using server = await startTestServer();
  await using covered = await openRealtime(server, "a", mine);
  await using other = await openRealtime(server, "a", {
    sub: "7",
    labels: ["team:8"],
  });
  const { json } = await answerOf(server.publish("a", task));
  assertEquals(json().delivered, 1);
  assertEquals((await covered.nextFrame()).type, "task");
  assertEquals((await other.closed).code, 4403);
});

Deno.test("RealtimeSession.handle() subscribes by labels in addition to 'tasks'", async () => {
  await using server = await startTestServer();
  await published(server, "a", {});
  await published(server, "b", task);
  await published(server, "c", {});
  await using socket = await openRealtime(server, "a", {
    ...mine,
    tasks: ["a"],
  });
  assertEquals((await subscribe(socket, "b")).type, "sync");
  assertEquals((await subscribe(socket, "c")).code, "forbidden");
});

Deno.test("RealtimeSession.handle() lets no covered label cancel the task of somebody else", async () => {
  await using server = await startTestServer();
  await published(server, "a", task);
  await using socket = await openRealtime(server, "a", mine);
  const cancel = { type: "cancel", connection_id: "a" };
  assertEquals((await ask(socket, cancel)).code, "forbidden");
});

Deno.test("RealtimeSession.handle() judges labels again when the token changes", async () => {
  await using server = await startTestServer();
  await published(server, "a", task);
  await using socket = await openRealtime(server, "a", mine);
  const renew = async (labels: string[]) => {
    const token = await signToken({ sub: "7", labels });
    assertEquals((await ask(socket, { type: "auth", token })).type, "auth");
  };
  await renew(["team:*"]);
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextFrame()).type, "task");
  await renew(["team:8"]);
  assertEquals((await socket.closed).code, 4403);
});
