import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { allLeft, ask, openRealtime, subscribe } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("RealtimeSession.handle() subscribes: sync with its connection_id, then that task's events", async () => {
  await using server = await startTestServer();
  await published(server, "b", { progress: 0.5 });
  await using socket = await openRealtime(server, "a");
  const { epoch } = await server.services.store.read("b");
  const { task, ...sync } = await subscribe(socket, "b");
  assertEquals(sync, {
    type: "sync",
    connection_id: "b",
    epoch,
    offset: 1,
    recovered: false,
  });
  const { connection_id, progress, watchers } = task as Record<string, unknown>;
  assertEquals([connection_id, progress, watchers], ["b", 0.5, 1]);

  for (const id of ["b", "a", "unwatched", "b"]) {
    await published(server, id, {});
  }
  const seen = [];
  for (let count = 0; count < 3; count += 1) {
    const { type, connection_id, offset } = await socket.nextFrame();
    seen.push([type, connection_id, offset]);
  }
  assertEquals(seen, [["task", "b", 2], ["task", "a", 1], ["task", "b", 3]]);
});

Deno.test("RealtimeSession.handle() subscribes to a task to come", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  const { offset, recovered, task } = await subscribe(socket, "b/c d");
  assertEquals([offset, recovered, task], [0, false, null]);
  await published(server, "b/c d", {});
  assertEquals((await socket.nextFrame()).connection_id, "b/c d");
});

Deno.test("RealtimeSession.handle() resumes a subscription by epoch and offset", async () => {
  await using server = await startTestServer();
  await published(server, "b", {}, {}, {});
  const { epoch } = await server.services.store.read("b");
  await using socket = await openRealtime(server, "a");
  const sync = await subscribe(socket, "b", { epoch, offset: 1 });
  assertEquals([sync.recovered, sync.offset], [true, 1]);
  await published(server, "b", {});
  for (const offset of [2, 3, 4]) {
    assertEquals((await socket.nextFrame()).offset, offset);
  }
});

for (
  const [what, position] of [
    ["another epoch", { epoch: "another", offset: 1 }],
    ["an offset that history no longer reaches", { offset: 0 }],
    ["an offset to come", { offset: 9 }],
    ["an offset without an epoch", { epoch: undefined, offset: 4 }],
    ["an epoch without an offset", {}],
  ] as const
) {
  Deno.test(`RealtimeSession.handle() sends only the snapshot for ${what}`, async () => {
    await using server = await startTestServer({ config: { historyLimit: 2 } });
    await published(server, "b", {}, {}, {}, {});
    const { epoch } = await server.services.store.read("b");
    await using socket = await openRealtime(server, "a");
    const sync = await subscribe(socket, "b", { epoch, ...position });
    assertEquals([sync.recovered, sync.offset], [false, 4]);
    assert(sync.task);
    await published(server, "b", {});
    assertEquals((await socket.nextFrame()).offset, 5);
  });
}

Deno.test("RealtimeSession.handle() renews a subscription without duplicate events", async () => {
  await using server = await startTestServer();
  await published(server, "b", {}, {});
  const { epoch } = await server.services.store.read("b");
  await using socket = await openRealtime(server, "a");
  await subscribe(socket, "b");
  const sync = await subscribe(socket, "b", { epoch, offset: 1 });
  assertEquals([sync.recovered, sync.offset], [true, 1]);
  assertEquals((await socket.nextFrame()).offset, 2);
  assertEquals(server.services.hub.watcherCount("b"), 1);
  await published(server, "b", {}, {});
  assertEquals((await socket.nextFrame()).offset, 3);
  assertEquals((await socket.nextFrame()).offset, 4);
});

Deno.test("RealtimeSession.handle() replaces the watch of the socket's own task", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  assertEquals((await subscribe(socket, "a")).connection_id, "a");
  assertEquals(server.services.hub.watcherCount("a"), 1);
});

Deno.test("RealtimeSession.handle() unsubscribes: nothing of the task comes after the answer", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  await subscribe(socket, "b");
  assertEquals(await ask(socket, { type: "unsubscribe", connection_id: "b" }), {
    type: "unsubscribed",
    connection_id: "b",
  });
  assertEquals(server.services.hub.watcherCount("b"), 0);
  await published(server, "b", {});
  await published(server, "a", {});
  assertEquals((await socket.nextFrame()).connection_id, "a");
});

Deno.test("RealtimeSession.handle() gives the same answer without a subscription", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  const frame = { type: "unsubscribe", connection_id: "b" };
  assertEquals((await ask(socket, frame)).type, "unsubscribed");
});

Deno.test("RealtimeSession.handle() unsubscribes from the socket's own task, too", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  await ask(socket, { type: "unsubscribe", connection_id: "a" });
  assertEquals(server.services.hub.watcherCount("a"), 0);
  assertEquals(await ask(socket, { type: "ping" }), { type: "pong" });
});

for (const type of ["subscribe", "unsubscribe", "cancel"]) {
  Deno.test(`RealtimeSession.handle() answers bad_frame to ${type} with a malformed id`, async () => {
    await using server = await startTestServer();
    await using socket = await openRealtime(server, "a");
    for (const connection_id of [undefined, "", 7, "a".repeat(257), "a\n"]) {
      const { type: answer, code } = await ask(socket, { type, connection_id });
      assertEquals([answer, code], ["error", "bad_frame"]);
    }
    assertEquals((await ask(socket, { type: "ping" })).type, "pong");
  });
}

Deno.test("RealtimeSession.handle() sends deleted, then the task's new epoch", async () => {
  await using server = await startTestServer();
  await published(server, "b", { message: "old" }, {});
  await using socket = await openRealtime(server, "a");
  await using own = await openRealtime(server, "b");
  const { epoch } = await subscribe(socket, "b");
  const { store } = server.services;
  assertEquals(await store.forget("b"), true);
  for (const watcher of [socket, own]) {
    assertEquals(await watcher.nextFrame(), {
      type: "deleted",
      connection_id: "b",
    });
  }
  await answerOf(server.publish("b", { message: "new" }));
  for (const watcher of [socket, own]) {
    const sync = await watcher.nextFrame();
    assertEquals([sync.type, sync.offset, sync.recovered], ["sync", 0, true]);
    assertNotEquals(sync.epoch, epoch);
    assertEquals((sync.task as { message: string }).message, "new");
  }
  await published(server, "b", {});
  for (const watcher of [socket, own]) {
    assertEquals((await watcher.nextFrame()).offset, 1);
    assertEquals((await watcher.nextFrame()).offset, 2);
  }
});

Deno.test("RealtimeSession stops watching every task when its socket ends", async () => {
  await using server = await startTestServer();
  const { hub } = server.services;
  const ids = ["a", "b", "c"];
  const left = allLeft(hub, ids);
  {
    await using socket = await openRealtime(server, "a");
    for (const id of ["b", "c"]) await subscribe(socket, id);
    assertEquals(ids.map((id) => hub.watcherCount(id)), [1, 1, 1]);
  }
  await left;
  const { delivered } = (await answerOf(server.publish("b", {}))).json();
  assertEquals(delivered, 0);
});
