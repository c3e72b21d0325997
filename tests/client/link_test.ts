import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import type { ConnectOptions } from "../../src/client/mod.ts";
import { FakeSockets, taskFrame } from "../support/fake_sockets.ts";
import { outcomeOf, WatchingClient } from "../support/watched.ts";

/** A client watching `a` over fake sockets, in fake time. */
async function start(options: ConnectOptions = {}) {
  const fake = new FakeTime();
  /** Passes time, and runs due callbacks. */
  async function tickAsync(ms: number): Promise<void> {
    await fake.tickAsync(ms);
    await fake.tickAsync(0);
    await fake.tickAsync(0);
  }
  const time = { tickAsync };
  const sockets = new FakeSockets();
  const { WebSocket } = sockets;
  const watching = new WatchingClient("http://host/base/", {
    WebSocket,
    ...options,
  });
  const outcome = outcomeOf(watching.client.watch("a"));
  await time.tickAsync(0);
  return {
    time,
    sockets,
    watching,
    outcome,
    /** Ends the client, with no timer left. */
    async [Symbol.asyncDispose]() {
      watching.client.close();
      await time.tickAsync(0);
      await watching.closed();
      fake.restore();
    },
  };
}

const subscribe = (connection_id: string) => ({
  type: "subscribe",
  connection_id,
});

/** The refusal of a task. */
const forbidden = (connection_id: string) => ({
  type: "error",
  code: "forbidden",
  message: "No",
  connection_id,
});

const terminal = (offset: number) => taskFrame(offset, { status: "succeeded" });

Deno.test("Link subscribes over a socket without a task, and resumes from the last position", async () => {
  await using started = await start();
  const { sockets, time, outcome } = started;
  const url = "ws://host/base/ws/realtime/a?watch=false";
  assertEquals(sockets.last(1).url.href, url);
  assertEquals(sockets.last(1).sent, []);
  sockets.last(1).greet();
  assertEquals(sockets.last(1).sent, [subscribe("a")]);
  sockets.last(1).receive(taskFrame(1), taskFrame(2));
  sockets.last(1).end(1006);
  await time.tickAsync(500);
  assertEquals(sockets.last(2).url.href, url);
  sockets.last(2).greet({ offset: 2, recovered: true });
  assertEquals(sockets.last(2).sent, [
    { ...subscribe("a"), epoch: "e", offset: 2 },
  ]);
  sockets.last(2).receive(taskFrame(3), terminal(4));
  assertEquals(await outcome, ["sync@0", 1, 2, 3, 4]);
  assert(sockets.last(2).isClosed);
});

Deno.test("Link waits longer after each failure, at random up to 20 s", async () => {
  using _random = stub(Math, "random", () => 0.99);
  await using started = await start();
  const { sockets, time, watching } = started;
  sockets.last(1).greet();
  for (
    const [index, ceiling] of [
      500,
      1_000,
      2_000,
      4_000,
      8_000,
      16_000,
      20_000,
      20_000,
    ].entries()
  ) {
    sockets.last(index + 1).end(1006);
    await time.tickAsync(ceiling * 0.99 - 1);
    sockets.last(index + 1);
    assertEquals(watching.states.at(-1)?.retryInMs, ceiling * 0.99);
    await time.tickAsync(1);
    sockets.last(index + 2);
  }
  // After a successful connection the retries count from the beginning.
  sockets.last(9).greet();
  sockets.last(9).end(1006);
  await time.tickAsync(500);
  sockets.last(10);
});

Deno.test("Link reconnects at the time set by the server, for each retryable code", async () => {
  for (const code of [1001, 1006, 1011, 1012, 1013, 4408, 4429]) {
    await using started = await start();
    const { sockets, time, watching } = started;
    sockets.last(1).greet();
    sockets.last(1).end(code, { code: "busy", retry_after_ms: 4_321 });
    await time.tickAsync(4_320);
    sockets.last(1);
    await time.tickAsync(1);
    sockets.last(2);
    assertEquals(watching.stateNames, [
      "connecting",
      "open",
      "waiting",
      "connecting",
    ]);
  }
});

Deno.test("Link gives up after a final code, with the server's reason", async () => {
  for (const code of [1009, 4400, 4403, 4409]) {
    await using started = await start();
    const { sockets, outcome } = started;
    sockets.last(1).greet();
    sockets.last(1).end(code, { code: "reason" });
    assertEquals(await outcome, ["sync@0", `reason ${code}`]);
    sockets.last(1);
  }
});

Deno.test("Link reconnects with a new token after 4401, once", async () => {
  const tokens = ["x", "y", "z"];
  await using started = await start({ getToken: () => tokens.shift() });
  const { sockets, time, outcome } = started;
  assertEquals(sockets.last(1).protocols, ["bearer", "x"]);
  sockets.last(1).end(4401, { code: "authentication_required" });
  await time.tickAsync(0);
  assertEquals(sockets.last(2).protocols, ["bearer", "y"]);
  sockets.last(2).end(4401, { code: "authentication_required" });
  assertEquals(await outcome, ["authentication_required 4401"]);
  sockets.last(2);
});

Deno.test("Link gives up after 4401 without a new token", async () => {
  for (const token of ["x", undefined]) {
    await using started = await start({ getToken: () => token });
    const { sockets, outcome } = started;
    sockets.last(1).end(4401, { code: "authentication_required" });
    assertEquals(await outcome, ["authentication_required 4401"]);
    sockets.last(1);
  }
});

Deno.test("Link gives up after 4403, for any token", async () => {
  for (const auth_status of ["guest", "invalid_token", "auth_error"]) {
    const tokens = ["x", "y"];
    await using started = await start({ getToken: () => tokens.shift() });
    const { sockets, outcome } = started;
    sockets.last(1).receive({ type: "connected", auth_status });
    sockets.last(1).end(4403, { code: "forbidden" });
    assertEquals(await outcome, ["forbidden 4403"]);
    sockets.last(1);
  }
});

Deno.test("Link gives up only the task forbidden to an expired token", async () => {
  await using started = await start({ getToken: () => "x" });
  const { sockets, time, watching, outcome } = started;
  const b = outcomeOf(watching.client.watch("b"));
  sockets.last(1).receive(
    { type: "connected", auth_status: "invalid_token" },
    { type: "error", code: "token_expired", message: "Why" },
    forbidden("a"),
  );
  assertEquals(await outcome, ["token_expired 4401"]);
  await time.tickAsync(0);
  assertEquals(sockets.last(2).url.pathname, "/base/ws/realtime/b");
  sockets.last(2).greet({ connection_id: "b" }, "invalid_token");
  sockets.last(2).receive({ ...terminal(1), connection_id: "b" });
  assertEquals(await b, ["sync@0", 1]);
});

Deno.test("Link tries a new token if a bad token may not subscribe to a task", async () => {
  const tokens = ["x", "y"];
  await using started = await start({ getToken: () => tokens.shift() });
  const { sockets, time, watching } = started;
  const b = outcomeOf(watching.client.watch("b"));
  sockets.last(1).greet({}, "invalid_token");
  sockets.last(1).receive(forbidden("b"));
  await time.tickAsync(0);
  assertEquals(sockets.last(2).protocols, ["bearer", "y"]);
  sockets.last(2).greet({}, "authenticated");
  sockets.last(2).receive(forbidden("b"));
  assertEquals(await b, ["forbidden 4403"]);
});

Deno.test("Link sends the next token on the open socket before the last token expires", async () => {
  const tokens = ["x", "y"];
  await using started = await start({ getToken: () => tokens.shift() });
  const { sockets, time } = started;
  sockets.last(1).greet({}, "authenticated");
  sockets.last(1).receive({ type: "token_expiring", expires_in: 30 });
  await time.tickAsync(0);
  assertEquals(sockets.last(1).sent.slice(1), [{ type: "auth", token: "y" }]);
});

Deno.test("Link repeats a token that could not be checked", async () => {
  const tokens = ["x", "y", "y"];
  await using started = await start({ getToken: () => tokens.shift() });
  const { sockets, time } = started;
  sockets.last(1).greet({}, "authenticated");
  sockets.last(1).receive({ type: "token_expiring", expires_in: 30 });
  await time.tickAsync(0);
  sockets.last(1).receive({
    type: "error",
    code: "verifier_unavailable",
    retry_after_ms: 2_000,
  });
  await time.tickAsync(2_000);
  const auth = { type: "auth", token: "y" };
  assertEquals(sockets.last(1).sent.slice(1), [auth, auth]);
});

Deno.test("Link continues if getToken fails, and reports the error", async () => {
  let isDown = true;
  await using started = await start({
    getToken() {
      if (isDown) throw new Error("Away");
      return "x";
    },
  });
  const { sockets, time, watching } = started;
  assertEquals(sockets.all.length, 0);
  assertEquals(watching.errors, [{
    code: "token_failed",
    message: "Error: Away",
  }]);
  isDown = false;
  await time.tickAsync(500);
  assertEquals(sockets.last(1).protocols, ["bearer", "x"]);
});

Deno.test("Link stays with WebSocket if getToken failed at first", async () => {
  let failures = 0;
  await using started = await start({
    getToken: () => {
      if (failures++ < 2) throw new Error("Away");
      return "x";
    },
  });
  const { sockets, time } = started;
  await time.tickAsync(500);
  await time.tickAsync(1_000);
  assertEquals(sockets.last(1).protocols, ["bearer", "x"]);
});

Deno.test("Link stays with WebSocket if the server rejected sockets at first", async () => {
  await using started = await start();
  const { sockets, time } = started;
  for (const attempt of [1, 2]) {
    sockets.last(attempt).receive({
      type: "error",
      code: "server_restarting",
      message: "Restarting",
      retry_after_ms: 10,
    });
    sockets.last(attempt).end(1012);
    await time.tickAsync(10);
  }
  sockets.last(3).greet();
});

for (const transport of ["websocket", "sse"] as const) {
  Deno.test(`Link gives up on a token unfit for ${transport}, without repeating the token`, async () => {
    for (const token of ["not a token", "x\n", "\u{1f600}", "a=b"]) {
      const watching = new WatchingClient("http://host", {
        getToken: () => token,
        transport,
      });
      assertEquals(await outcomeOf(watching.client.watch("a")), [
        "token_malformed 4401",
      ]);
      await watching.closed();
      for (const { code, message } of watching.errors) {
        assertEquals([code, message.includes(token)], [
          "token_malformed",
          false,
        ]);
      }
    }
  });
}

Deno.test("Link reports a browser's error if the browser forbids a WebSocket", async () => {
  // As Chromium does, on a page of https.
  const words = "Failed to construct 'WebSocket': An insecure WebSocket";
  class WebSocket {
    constructor() {
      throw new DOMException(words, "SecurityError");
    }
  }
  await using started = await start({
    getToken: () => "x",
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  assertEquals(started.watching.errors, [
    { code: "network_error", message: `SecurityError: ${words}` },
  ]);
});

Deno.test("Link disconnects from a server with malformed frames, and reconnects", async () => {
  for (const data of ["no JSON", "null", "", new Blob()]) {
    await using started = await start();
    const { sockets, time, watching } = started;
    const first = sockets.last(1);
    if (typeof first.onmessage === "function") first.onmessage({ data });
    assert(first.isClosed);
    await time.tickAsync(500);
    sockets.last(2).greet();
    assertEquals(watching.errors.map(({ code }) => code), ["network_error"]);
  }
});

Deno.test("Link pings a silent socket, and replaces a dead socket", async () => {
  await using started = await start();
  const { sockets, time } = started;
  sockets.last(1).greet();
  await time.tickAsync(20_000);
  assertEquals(sockets.last(1).sent.slice(1), [{ type: "ping" }]);
  sockets.last(1).receive({ type: "pong" });
  await time.tickAsync(20_000);
  assertEquals(sockets.last(1).sent.length, 3);
  await time.tickAsync(10_000);
  await time.tickAsync(500);
  assert(sockets.all[0]?.isClosed);
  sockets.last(2);
});

Deno.test("Link stops waiting when the network is back", async () => {
  await using started = await start();
  const { sockets, time } = started;
  sockets.last(1).greet();
  sockets.last(1).end(1012, { code: "bye", retry_after_ms: 3_600_000 });
  await time.tickAsync(0);
  dispatchEvent(new Event("online"));
  await time.tickAsync(0);
  sockets.last(2).greet({ recovered: true });
  dispatchEvent(new Event("online"));
  assertEquals(sockets.last(2).sent.slice(1), [{ type: "ping" }]);
  await time.tickAsync(5_000);
  await time.tickAsync(500);
  sockets.last(3);
});

Deno.test("Link watches many tasks over one socket, each from its position", async () => {
  await using started = await start();
  const { sockets, time, watching } = started;
  const first = sockets.last(1);
  first.greet();
  const other = outcomeOf(watching.client.watch("b"));
  assertEquals(first.sent, [subscribe("a"), subscribe("b")]);
  const sync = { type: "sync", connection_id: "b", epoch: "f", task: null };
  first.receive(
    { ...sync, offset: 6, recovered: false },
    taskFrame(7, { connection_id: "b" }),
    taskFrame(1),
  );
  first.end(1006);
  await time.tickAsync(500);
  const second = sockets.last(2);
  second.greet({ offset: 1, recovered: true });
  assertEquals(second.sent, [
    { ...subscribe("a"), epoch: "e", offset: 1 },
    { ...subscribe("b"), epoch: "f", offset: 7 },
  ]);
  second.receive(
    { ...sync, offset: 7, recovered: true },
    taskFrame(8, { connection_id: "b", status: "failed" }),
  );
  assertEquals(await other, ["sync@6", 7, 8]);
  assertEquals(second.sent.at(-1), { type: "unsubscribe", connection_id: "b" });
  assertEquals(second.isClosed, false);
});

Deno.test("Link keeps watching if a single task is forbidden", async () => {
  await using started = await start();
  const { sockets, watching, outcome } = started;
  const b = outcomeOf(watching.client.watch("b"));
  sockets.last(1).greet({ connection_id: "b" });
  sockets.last(1).receive(forbidden("a"));
  assertEquals(await outcome, ["forbidden 4403"]);
  assertEquals(sockets.last(1).isClosed, false);
  sockets.last(1).receive({ ...terminal(1), connection_id: "b" });
  assertEquals(await b, ["sync@0", 1]);
});

Deno.test("Link reconnects, at the time set by the server, for a task forbidden until a token can be checked", async () => {
  await using started = await start({ getToken: () => "x" });
  const { sockets, time, outcome } = started;
  sockets.last(1).receive(
    { type: "connected", auth_status: "auth_error" },
    { ...forbidden("a"), retry_after_ms: 4_321 },
  );
  await time.tickAsync(4_320);
  sockets.last(1);
  await time.tickAsync(1);
  sockets.last(2).greet({}, "authenticated");
  sockets.last(2).receive(terminal(1));
  assertEquals(await outcome, ["sync@0", 1]);
});

Deno.test("Link subscribes within the rate of a careful server", async () => {
  await using started = await start();
  const { sockets, time, watching } = started;
  const others = Array.from({ length: 40 }, (_, index) => `b${index}`);
  const ids = ["a", ...others];
  for (const id of others) watching.client.watch(id);
  const first = sockets.last(1);
  first.greet();
  assertEquals(first.sent.length, 16);
  // the burst of 20 at a rate of 10 a second, with some frames left
  let sent = first.sent.length;
  for (let seconds = 1; sent < ids.length; seconds++) {
    await time.tickAsync(1_000);
    assert(first.sent.length - sent <= 10);
    sent = first.sent.length;
  }
  assertEquals(first.sent.map(({ connection_id }) => connection_id), ids);
});

Deno.test("Link sends at half the rate after rate_limited", async () => {
  await using started = await start();
  const { sockets, time, watching } = started;
  for (let index = 0; index < 40; index++) watching.client.watch(`b${index}`);
  for (const [index, burst] of [16, 8, 4, 2, 1, 1].entries()) {
    const socket = sockets.last(index + 1);
    socket.greet();
    assertEquals(socket.sent.length, burst);
    socket.end(1006, { code: "rate_limited", retry_after_ms: 10 });
    await time.tickAsync(10);
  }
});

Deno.test("Link cancels a task, repeated after a lost connection until answered", async () => {
  await using started = await start();
  const { sockets, time, watching, outcome } = started;
  const cancel = { type: "cancel", connection_id: "a" };
  watching.client.cancel("a");
  sockets.last(1).greet();
  assertEquals(sockets.last(1).sent.slice(1), [cancel]);
  sockets.last(1).end(1006);
  await time.tickAsync(500);
  sockets.last(2).greet({ recovered: true });
  assertEquals(sockets.last(2).sent.slice(1), [cancel]);
  sockets.last(2).receive({ type: "cancel_requested", connection_id: "a" });
  sockets.last(2).end(1006);
  await time.tickAsync(1_000);
  sockets.last(3).greet({ recovered: true });
  assertEquals(sockets.last(3).sent.length, 1);
  watching.client.cancel("a");
  sockets.last(3).receive(forbidden("a"), terminal(1));
  assertEquals(await outcome, ["sync@0", "cancel_requested", 1]);
  await time.tickAsync(0);
  assertEquals(watching.errors.at(-1)?.code, "forbidden");
});

Deno.test("Link ends a watch that is forbidden before its task could be canceled", async () => {
  await using started = await start();
  const { sockets, watching } = started;
  const b = outcomeOf(watching.client.watch("b"));
  watching.client.cancel("b");
  sockets.last(1).greet();
  assertEquals(sockets.last(1).sent, [subscribe("a"), subscribe("b")]);
  sockets.last(1).receive(forbidden("b"));
  assertEquals(await b, ["forbidden 4403"]);
});

Deno.test("Link opens no socket for a watch that ended during the wait", async () => {
  await using started = await start();
  const { sockets, time, watching } = started;
  sockets.last(1).end(1006);
  await time.tickAsync(0);
  watching.client.close();
  await time.tickAsync(3_600_000);
  sockets.last(1);
});
