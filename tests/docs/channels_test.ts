import { assertEquals } from "@std/assert";
import { channels } from "../../src/docs/channels.ts";
import { webSocketRoutes } from "../../src/routes.ts";
import { assertFrame } from "../support/documents.ts";
import { published } from "../support/published.ts";
import { openForLists } from "../support/realtime.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** The schema of each frame type; the first frame depends on the route. */
const schemaOf: Readonly<Record<string, string>> = {
  error: "ErrorFrame",
  sync: "Sync",
  task: "TaskEvent",
  pong: "Pong",
  auth: "Auth",
  token_expiring: "TokenExpiring",
  unsubscribed: "Unsubscribed",
  cancel_requested: "CancelRequested",
  deleted: "Deleted",
  list: "List",
  list_update: "ListUpdate",
  list_remove: "ListRemove",
  list_unsubscribed: "ListUnsubscribed",
  echo: "Echo",
};

/** Reads a frame of a type, and checks the documented schema for the route. */
async function expectFrame(
  socket: TestSocket,
  channelId: string,
  type: string,
): Promise<void> {
  const frame = await socket.nextFrame();
  assertEquals(frame.type, type, JSON.stringify(frame));
  const greeting = channelId === "realtime" ? "Connected" : "BareConnected";
  const name = type === "connected" ? greeting : schemaOf[type] ?? type;
  const channel = channels.find(({ id }) => id === channelId);
  assertEquals(channel?.sends.some((sent) => sent === name), true, name);
  assertFrame(name, frame);
}

Deno.test("channels are the routes table", () => {
  assertEquals(
    channels.map(({ path }) => path),
    webSocketRoutes.map(({ path }) => path.replace(":path}", "}")),
  );
});

Deno.test("channels have every frame that a real server sends on realtime", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: 42, status: "queued", total: 10 });
  const token = await signToken({ sub: "42" });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  const expectNext = (type: string) => expectFrame(socket, "realtime", type);
  await expectNext("connected");
  await expectNext("sync");
  socket.send({ type: "auth", token: await signToken({ sub: "42" }) });
  await expectNext("auth");
  await published(server, "a", {
    current: 4,
    unit: "rows",
    message: "转码中",
    data: { frame: [1] },
  });
  await expectNext("task");
  socket.send({ type: "ping", id: 1 });
  await expectNext("pong");
  socket.send({ type: "ping" });
  await expectNext("pong");
  socket.send({ type: "subscribe", connection_id: "b" });
  await expectNext("sync");
  socket.send({ type: "unsubscribe", connection_id: "b" });
  await expectNext("unsubscribed");
  socket.send({ type: "cancel", connection_id: "b" });
  await expectNext("error");
  socket.send({ type: "cancel", connection_id: "a" });
  await expectNext("cancel_requested");
  socket.send("no JSON");
  await expectNext("error");
  const answer = await fetch(`${server.origin}/api/tasks/a`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  await answer.body?.cancel();
  await expectNext("deleted");
});

Deno.test("channels have the frames of lists", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "ada", labels: ["x"] });
  await using socket = await openForLists(server, { sub: "ada" });
  const expectNext = (type: string) => expectFrame(socket, "realtime", type);
  socket.send({ type: "subscribe_list", list: "mine", mine: true });
  await expectNext("list");
  await published(server, "a", { status: "succeeded" });
  await expectNext("list_update");
  await server.services.store.forget("a");
  await expectNext("list_remove");
  socket.send({ type: "unsubscribe_list", list: "mine" });
  await expectNext("list_unsubscribed");
  socket.send({ type: "subscribe_list", list: "x", labels: ["x"] });
  await expectNext("error");
});

Deno.test("channels have the frames of a token's expiry", async () => {
  await using server = await startTestServer();
  // The notice comes after half of the remaining time.
  const token = await signToken({ sub: "42", exp: secondsFromNow(2) });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  for (const type of ["connected", "sync", "token_expiring"]) {
    await expectFrame(socket, "realtime", type);
  }
});

Deno.test("channels have the frames of a bad token and of a resume", async () => {
  await using server = await startTestServer();
  await published(server, "a", {}, { progress: 0.5 });
  const { epoch } = await server.services.store.read("a");
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=x&epoch=${epoch}&offset=0`),
  );
  for (const type of ["connected", "error", "sync", "task", "task"]) {
    await expectFrame(socket, "realtime", type);
  }
});

for (const id of ["simple", "test"]) {
  Deno.test(`channels have every frame that a real server sends on ${id}`, async () => {
    await using server = await startTestServer();
    const path = channels.find((channel) => channel.id === id)?.path ?? "";
    await using socket = new TestSocket(
      server.ws(path.replace("{connection_id}", "a")),
    );
    await expectFrame(socket, id, "connected");
    if (id === "simple") {
      socket.send("hello");
      await expectFrame(socket, id, "echo");
      socket.send(new ArrayBuffer(1));
      await expectFrame(socket, id, "error");
    }
    const stopped = server.stop();
    await expectFrame(socket, id, "error");
    await stopped;
  });
}
