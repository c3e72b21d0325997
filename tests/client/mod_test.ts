import { assertEquals, assertThrows } from "@std/assert";
import {
  type TaskUpdate,
  TaskwireError,
  watchTask,
} from "../../src/client/mod.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { finalErrors } from "../../src/protocol/error_codes.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { serveCut } from "../support/cutting_server.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";
import { brief, outcomeOf, WatchingClient } from "../support/watched.ts";

const done = { status: "succeeded" };
const progress = { progress: 0.5 };

/** The next update, in short. */
async function next(watch: AsyncIterator<TaskUpdate>) {
  const { done, value } = await watch.next();
  return done ? "done" : brief(value);
}

Deno.test("watchTask() yields the current state, then each event, and ends with the task", async () => {
  await using server = await startTestServer();
  await published(server, "a/b", progress);
  const watch = watchTask(server.origin, "a/b");
  const { value: first } = await watch.next();
  assertEquals(first.type, "sync");
  assertEquals(first.task.progress, 0.5);
  await published(server, "a/b", progress, done);
  assertEquals(await outcomeOf(watch), [2, 3]);
  assertEquals(await outcomeOf(watchTask(server.origin, "a/b")), ["sync@3"]);
});

Deno.test("watchTask() watches a task that begins later or begins anew", async () => {
  await using server = await startTestServer();
  const watch = watchTask(server.origin, "a");
  assertEquals(await next(watch), "sync@0");
  await published(server, "a", progress, progress);
  assertEquals([await next(watch), await next(watch)], [1, 2]);
  await server.services.store.forget("a");
  assertEquals(await next(watch), "deleted");
  await published(server, "a", progress, done);
  assertEquals(await outcomeOf(watch), [1, 2]);
});

Deno.test("watchTask() stays after the end of a task if asked to, also over a lost connection", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  const failed = { status: "failed" };
  await published(server, "a", failed);
  const watch = watchTask(proxy.origin, "a", { staysAfterEnd: true });
  assertEquals(await next(watch), "sync@1");
  proxy.cut();
  proxy.mend();
  await published(server, "a", { attempt: 2 }, done);
  assertEquals([await next(watch), await next(watch)], [2, 3]);
  await watch.return?.();
});

Deno.test("watchTask() resumes over a connection that broke off", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  const watch = watchTask(proxy.origin, "a");
  const seen = [await next(watch)];
  await published(server, "a", progress);
  seen.push(await next(watch));
  for (let round = 0; round < 3; round++) {
    proxy.cut();
    await published(server, "a", progress, progress);
    proxy.mend();
    seen.push(await next(watch), await next(watch));
  }
  await published(server, "a", done);
  seen.push(...await outcomeOf(watch));
  assertEquals(seen, ["sync@0", 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("watchTask() resumes over a restart of the server with close code 1012", async () => {
  await using folder = await makeTempDir();
  const config = { store: `sqlite:${folder.path}/tasks.db` };
  const seen: (string | number)[] = [];
  await using stack = new AsyncDisposableStack();
  let server = await startTestServer({ config });
  const proxy = stack.use(cutProxy(server.origin));
  stack.defer(() => server.stop());
  const watching = new WatchingClient(proxy.origin);
  const watch = watching.client.watch("a");
  seen.push(await next(watch));
  await published(server, "a", progress);
  seen.push(await next(watch));
  await server.stop();
  server = await startTestServer({ config });
  proxy.mend(server.origin);
  await published(server, "a", progress, done);
  seen.push(...await outcomeOf(watch));
  assertEquals(seen, ["sync@0", 1, 2, 3]);
  assertEquals(watching.errors[0]?.code, "server_restarting");
  await watching.closed();
});

Deno.test("watchTask() yields the state again if the history was lost", async () => {
  await using stack = new AsyncDisposableStack();
  let server = await startTestServer();
  const proxy = stack.use(cutProxy(server.origin));
  stack.defer(() => server.stop());
  const watch = watchTask(proxy.origin, "a");
  const seen = [await next(watch)];
  await published(server, "a", progress);
  seen.push(await next(watch));
  await server.stop();
  server = await startTestServer();
  await published(server, "a", progress, progress, progress);
  proxy.mend(server.origin);
  seen.push(await next(watch));
  await published(server, "a", done);
  seen.push(...await outcomeOf(watch));
  assertEquals(seen, ["sync@0", 1, "sync@3", 4]);
});

Deno.test("watchTask() renews the token on the open socket, and sees the task's end", async () => {
  await using server = await startTestServer({
    config: { auth: "required", jwtLeewaySeconds: 0 },
  });
  const tokens = [
    await signToken({ sub: "42", exp: secondsFromNow(2) }),
    await signToken({ sub: "42" }),
  ];
  const watching = new WatchingClient(server.origin, {
    getToken: () => tokens.shift(),
  });
  const outcome = outcomeOf(watching.client.watch("a"));
  await watching.until(({ identities }) => identities.length === 2);
  assertEquals(
    watching.identities.map(({ type, user_id, auth_status }) => [
      type,
      user_id,
      auth_status,
    ]),
    [["connected", 42, "authenticated"], ["auth", 42, "authenticated"]],
  );
  await published(server, "a", done);
  assertEquals(await outcome, ["sync@0", 1]);
  assertEquals(watching.stateNames, ["connecting", "open", "closed"]);
});

Deno.test("watchTask() reconnects with a new token after 4401, and stops after a second 4401", async () => {
  await using server = await startTestServer({ config: { auth: "required" } });
  const bad = () => signToken({ sub: "42", exp: secondsFromNow(-60) });
  const tokens = [await bad(), await signToken({ sub: "42" })];
  const watch = watchTask(server.origin, "a", {
    getToken: () => tokens.shift(),
  });
  assertEquals(await next(watch), "sync@0");
  await watch.return?.();
  const refused = watchTask(server.origin, "a", { getToken: bad });
  assertEquals(await outcomeOf(refused), ["authentication_required 4401"]);
  const guest = watchTask(server.origin, "a");
  assertEquals(await outcomeOf(guest), ["authentication_required 4401"]);
});

Deno.test("watchTask() stops at 4403, but tries a new token first if the token was bad", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "42" });
  assertEquals(await outcomeOf(watchTask(server.origin, "a")), [
    "forbidden 4403",
  ]);
  const stranger = await signToken({ sub: "43" });
  assertEquals(
    await outcomeOf(
      watchTask(server.origin, "a", { getToken: () => stranger }),
    ),
    ["forbidden 4403"],
  );
  const tokens = [
    await signToken({ sub: "42", exp: secondsFromNow(-60) }),
    await signToken({ sub: "42" }),
  ];
  const watch = watchTask(server.origin, "a", {
    getToken: () => tokens.shift(),
  });
  assertEquals(await next(watch), "sync@1");
  await watch.return?.();
});

Deno.test("watchTask() throws the code of an operator's disconnect", async () => {
  await using server = await startTestServer();
  const watch = watchTask(server.origin, "a");
  assertEquals(await next(watch), "sync@0");
  for (const connection of server.services.registry.list()) {
    connection.close(closeCodes.disconnected, {
      code: "disconnected_by_operator",
      message: "",
    });
  }
  assertEquals(await outcomeOf(watch), ["disconnected_by_operator 4409"]);
});

Deno.test("watchTask() ends without an error when aborted or left", async () => {
  await using server = await startTestServer();
  const controller = new AbortController();
  const watching = new WatchingClient(server.origin, {
    signal: controller.signal,
  });
  const outcome = outcomeOf(watching.client.watch("a"));
  await watching.until(({ stateNames }) => stateNames.includes("open"));
  controller.abort();
  await outcome;
  await watching.closed();
  assertEquals(await outcomeOf(watching.client.watch("a")), []);
  for await (const update of watchTask(server.origin, "a")) {
    assertEquals(brief(update), "sync@0");
    break;
  }
});

Deno.test("watchTask() throws at once for an invalid URL", () => {
  assertThrows(() => watchTask("no url", "a"), TypeError);
});

for (
  const code of [
    "forbidden",
    "origin_not_allowed",
    "disconnected_by_operator",
    "too_many_bad_frames",
    "message_too_big",
  ]
) {
  Deno.test(`watchTask() gives up after ${code}, also if the connection is cut`, async () => {
    const error = { type: "error", code, message: "Why" };
    await using server = serveCut(JSON.stringify(error));
    let tokens = 0;
    const watching = new WatchingClient(server.origin, {
      getToken: () => `token${++tokens}`,
    });
    const [outcome] = await outcomeOf(watching.client.watch("a"));
    assertEquals(outcome, `${code} ${finalErrors[code]}`);
    await watching.closed();
    assertEquals([server.count, tokens], [1, 1]);
  });
}

Deno.test("watchTask() tries a second token after authentication_required, also if the connection is cut", async () => {
  await using server = serveCut(
    '{"type":"error","code":"authentication_required","message":"Why"}',
  );
  let tokens = 0;
  const watching = new WatchingClient(server.origin, {
    getToken: () => `token${++tokens}`,
  });
  assertEquals(await outcomeOf(watching.client.watch("a")), [
    "authentication_required 4401",
  ]);
  await watching.closed();
  assertEquals([server.count, tokens], [2, 2]);
});

Deno.test("watchTask() pauses before reconnecting to a server that cuts connections", async () => {
  await using server = serveCut();
  const watching = new WatchingClient(server.origin);
  const outcome = outcomeOf(watching.client.watch("a"));
  await watching.until(({ states }) => states.length > 4);
  assertEquals(watching.stateNames.slice(0, 4), [
    "connecting",
    "waiting",
    "connecting",
    "waiting",
  ]);
  watching.client.close();
  assertEquals(await outcome, []);
  await watching.closed();
});

Deno.test("connect() finds the server by an address with a fragment or a slash", async () => {
  await using server = await startTestServer();
  for (const transport of ["websocket", "sse"] as const) {
    for (const rest of ["", "/", "#", "/#top", "/?a=b#top"]) {
      const watch = watchTask(server.origin + rest, "a", { transport });
      assertEquals(await next(watch), "sync@0");
      await watch.return?.();
    }
  }
});

Deno.test("connect() refuses an invalid id, and watches the remaining tasks", async () => {
  await using server = await startTestServer();
  const { client } = new WatchingClient(server.origin);
  for (
    const id of ["", ".", "..", "a".repeat(257), "a\n", "a\ud83d", "\x9b"]
  ) {
    const { code } = assertThrows(() => client.watch(id), TaskwireError);
    assertEquals(code, "bad_connection_id");
  }
  const watches = ["a", "...", "上传/1 ?#%"].map((id) => client.watch(id));
  for (const watch of watches) assertEquals(await next(watch), "sync@0");
  client.close();
});

Deno.test("connect() watches many tasks over one socket, and reopens the socket when needed", async () => {
  await using server = await startTestServer();
  const ids = Array.from({ length: 50 }, (_, index) => `task/${index}`);
  const watching = new WatchingClient(server.origin);
  for (const round of [1, 2]) {
    const watches = ids.map((id) => watching.client.watch(`${id}/${round}`));
    for (const watch of watches) assertEquals(await next(watch), "sync@0");
    assertEquals(server.services.registry.list().length, 1);
    for (const id of ids) {
      await published(server, `${id}/${round}`, progress, done);
    }
    for (const watch of watches) assertEquals(await outcomeOf(watch), [1, 2]);
    await watching.closed(round);
  }
});

Deno.test("connect() resumes each of its tasks after a lost connection", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  const watching = new WatchingClient(proxy.origin);
  const ids = ["a", "b", "c"];
  const watches = ids.map((id) => watching.client.watch(id));
  const seen = await Promise.all(watches.map(async (watch, index) => {
    const first = await next(watch);
    await published(server, `${ids[index]}`, progress);
    return [first, await next(watch)];
  }));
  proxy.cut();
  for (const id of ids) await published(server, id, progress, progress, done);
  proxy.mend();
  for (const [index, watch] of watches.entries()) {
    seen[index]?.push(...await outcomeOf(watch));
  }
  assertEquals(seen, ids.map(() => ["sync@0", 1, 2, 3, 4]));
  await watching.closed();
});

Deno.test("connect() gives a second watch of a task its own start", async () => {
  await using server = await startTestServer();
  const watching = new WatchingClient(server.origin);
  const first = watching.client.watch("a");
  assertEquals(await next(first), "sync@0");
  await published(server, "a", { progress: 0.5, unit: "rows" });
  assertEquals(await next(first), 1);
  const second = watching.client.watch("a");
  const { value } = await second.next();
  assertEquals([value.offset, value.task.unit], [1, "rows"]);
  await first.return?.();
  await published(server, "a", done);
  assertEquals(await outcomeOf(second), [2]);
  await watching.closed();
});

Deno.test("connect() ends a single watch by signal", async () => {
  await using server = await startTestServer();
  const watching = new WatchingClient(server.origin);
  const controller = new AbortController();
  const { signal } = controller;
  const first = watching.client.watch("a", { signal });
  const second = watching.client.watch("b");
  assertEquals(await next(first), "sync@0");
  assertEquals(await next(second), "sync@0");
  controller.abort();
  assertEquals(await next(first), "done");
  await published(server, "b", progress);
  assertEquals(await next(second), 1);
  watching.client.close();
  assertEquals(await next(second), "done");
  await watching.closed();
});

Deno.test("connect() cancels the user's task, and reports a forbidden cancel", async () => {
  await using server = await startTestServer();
  await published(server, "mine", { user_id: "42" });
  const token = await signToken({ sub: "42" });
  const watching = new WatchingClient(server.origin, { getToken: () => token });
  const { client } = watching;
  assertThrows(() => client.cancel("mine"), TaskwireError);
  const mine = client.watch("mine");
  const open = client.watch("open");
  assertEquals(await next(mine), "sync@1");
  assertEquals(await next(open), "sync@0");
  client.cancel("mine");
  assertEquals(await next(mine), "cancel_requested");
  client.cancel("open");
  await watching.until(({ errors }) => errors.length > 0);
  assertEquals(
    watching.errors.map(({ code, connection_id }) => [code, connection_id]),
    [["forbidden", "open"]],
  );
  await published(server, "open", progress);
  assertEquals(await next(open), 1);
  client.close();
  await watching.closed();
});
