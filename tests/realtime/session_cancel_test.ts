import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { ask, openRealtime, subscribe } from "../support/realtime.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const cancel = { type: "cancel", connection_id: "b" };
const requested = { type: "cancel_requested", connection_id: "b" };

/** Returns the worker's answer to an event. */
async function workerReads(server: TestServer, event = {}): Promise<unknown> {
  const { json } = await answerOf(server.publish("b", event));
  return json().cancel_requested;
}

Deno.test("RealtimeSession.handle() has all watchers and the worker know that the user cancels", async () => {
  await using server = await startTestServer();
  await published(server, "b", { user_id: "7" });
  await using page = await openRealtime(server, "b", { sub: "7" });
  await using other = await openRealtime(server, "a", { sub: "7" });
  await subscribe(other, "b");
  await using elsewhere = await openRealtime(server, "a");
  assertEquals(await workerReads(server), false);
  for (const socket of [page, other]) {
    assertEquals((await socket.nextFrame()).type, "task");
  }

  page.send(cancel);
  for (const socket of [page, other]) {
    assertEquals(await socket.nextFrame(), requested);
  }
  assertEquals(await workerReads(server), true);
  assertEquals(await workerReads(server, { status: "canceled" }), true);
  // One frame is enough, and only for watchers of the task.
  for (const socket of [page, other]) {
    assertEquals((await socket.nextFrame()).offset, 3);
  }
  assertEquals(await ask(elsewhere, { type: "ping" }), { type: "pong" });
  assertEquals(await workerReads(server, { attempt: 2 }), false);
});

Deno.test("RealtimeSession.handle() answers a user who cancels without watching", async () => {
  await using server = await startTestServer();
  await published(server, "b", { user_id: "7" });
  await using socket = await openRealtime(server, "a", { sub: "7" });
  assertEquals(await ask(socket, cancel), requested);
  assertEquals(await workerReads(server), true);
});

Deno.test("RealtimeSession.handle() has cancel_requested in sync", async () => {
  await using server = await startTestServer();
  await published(server, "b", { user_id: "7" });
  await using socket = await openRealtime(server, "a", { sub: "7" });
  await ask(socket, cancel);
  const { task } = await subscribe(socket, "b");
  const { cancel_requested } = task as Record<string, unknown>;
  assertEquals(cancel_requested, true);
});

for (
  const [what, claims, events] of [
    ["a guest cancels", undefined, [{ user_id: "7" }]],
    ["a guest of that id cancels", undefined, [{ user_id: "1" }]],
    ["another user cancels", { sub: "8" }, [{ user_id: "7" }]],
    ["a bad token's bearer cancels", { sub: "7", exp: 1 }, [{ user_id: "7" }]],
    ["an admin cancels", { sub: "8", scope: "admin" }, [{ user_id: "7" }]],
    ["a user cancels a public task", { sub: "7" }, [{}]],
    ["a user cancels an unknown task", { sub: "7" }, []],
    ["another user cancels a finished task", { sub: "8" }, [
      { user_id: "7", status: "failed" },
    ]],
  ] as const
) {
  Deno.test(`RealtimeSession.handle() forbids the cancel if ${what}`, async () => {
    await using server = await startTestServer();
    await published(server, "b", ...events);
    await using socket = await openRealtime(server, "a", claims);
    const { message: _, ...error } = await ask(socket, cancel);
    assertEquals(error, {
      type: "error",
      code: "forbidden",
      connection_id: "b",
    });
    const { state } = await server.services.store.read("b");
    assertEquals(state?.cancelRequested, undefined);
    assertEquals(await ask(socket, { type: "ping" }), { type: "pong" });
  });
}

Deno.test("RealtimeSession.handle() forbids the cancel if 'tasks' lacks the task", async () => {
  await using server = await startTestServer();
  await published(server, "b", { user_id: "7" });
  const claims = { sub: "7", tasks: ["a"] };
  await using socket = await openRealtime(server, "a", claims);
  assertEquals((await ask(socket, cancel)).code, "forbidden");
  assertEquals(await workerReads(server), false);
});

for (const status of ["succeeded", "failed", "canceled"]) {
  Deno.test(`RealtimeSession.handle() cancels nothing that has ${status}`, async () => {
    await using server = await startTestServer();
    await published(server, "b", { user_id: "7", status });
    await using socket = await openRealtime(server, "a", { sub: "7" });
    const { message: _, ...error } = await ask(socket, cancel);
    assertEquals(error, {
      type: "error",
      code: "task_finished",
      connection_id: "b",
    });
  });
}

Deno.test("RealtimeSession.handle() sends watchers the backend's cancel request", async () => {
  await using server = await startTestServer();
  await published(server, "b", {});
  await using socket = await openRealtime(server, "b");
  await server.services.store.publish("b", { kind: "cancel" });
  assertEquals(await socket.nextFrame(), requested);
});
