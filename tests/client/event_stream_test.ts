import { assertEquals, assertMatch } from "@std/assert";
import { taskFrame } from "../support/fake_sockets.ts";
import { greeting, serveStreams } from "../support/sse_fixture.ts";
import { outcomeOf, WatchingClient } from "../support/watched.ts";

/** Over a stream of the fixture, as told. */
function watch(origin: string, getToken?: () => string | undefined) {
  const watching = new WatchingClient(origin, {
    transport: "sse",
    ...(getToken ? { getToken } : {}),
  });
  return { watching, outcome: outcomeOf(watching.client.watch("a/b")) };
}

const terminal = (offset: number) => taskFrame(offset, { status: "succeeded" });

Deno.test("openEventStream() watches a task to the end", async () => {
  await using server = serveStreams();
  const { watching, outcome } = watch(server.origin, () => "x");
  const { request, send, write } = await server.next();
  assertMatch(request.url, /\/sse\/realtime\/a%2Fb$/);
  assertEquals(request.headers.get("authorization"), "Bearer x");
  assertEquals(request.headers.get("last-event-id"), null);
  send(...greeting());
  write(": ping\n\n");
  // In pieces, as networks deliver streams.
  for (
    const character of `data: ${
      JSON.stringify({
        ...taskFrame(1),
        connection_id: "a/b",
        message: "转码\u2028中",
      })
    }\n\n`
  ) {
    write(character);
  }
  send({ ...terminal(2), connection_id: "a/b" });
  assertEquals(await outcome, ["sync@0", 1, 2]);
  await watching.closed();
});

Deno.test("openEventStream() resumes by Last-Event-ID", async () => {
  await using server = serveStreams();
  const { watching, outcome } = watch(server.origin);
  const first = await server.next();
  first.send(...greeting(), { ...taskFrame(1), connection_id: undefined });
  first.end();
  const second = await server.next();
  assertEquals(second.request.headers.get("last-event-id"), "e:1");
  assertEquals(second.request.headers.get("authorization"), null);
  second.send(...greeting({ recovered: true, offset: 1 }), {
    ...terminal(2),
    connection_id: undefined,
  });
  assertEquals(await outcome, ["sync@0", 1, 2]);
  await watching.closed();
});

Deno.test("openEventStream() ends with a 204, without further events", async () => {
  await using server = serveStreams();
  const { watching, outcome } = watch(server.origin);
  await server.next(new Response(null, { status: 204 }));
  assertEquals(await outcome, []);
  await watching.closed();
});

Deno.test("openEventStream() takes 401 and 403 like 4401 and 4403, with the problem's code", async () => {
  for (
    const [status, code] of [[401, "authentication_required"], [
      403,
      "forbidden",
    ], [400, "bad_connection_id"]] as const
  ) {
    await using server = serveStreams();
    const { watching, outcome } = watch(server.origin);
    await server.next(Response.json({ code, detail: "Why" }, { status }));
    assertEquals(await outcome, [`${code} ${4_000 + status}`]);
    assertEquals(watching.errors, [{ code, message: "Why" }]);
    await watching.closed();
  }
});

Deno.test("openEventStream() tries a new token after a 401, once", async () => {
  await using server = serveStreams();
  const tokens = ["x", "y", "z"];
  const { watching, outcome } = watch(server.origin, () => tokens.shift());
  const problem = { code: "token_expired", detail: "Why" };
  for (const token of ["x", "y"]) {
    const { request } = await server.next(
      Response.json(problem, { status: 401 }),
    );
    assertEquals(request.headers.get("authorization"), `Bearer ${token}`);
  }
  assertEquals(await outcome, ["token_expired 4401"]);
  await watching.closed();
});

Deno.test("openEventStream() gives up after a 403, even with a token", async () => {
  await using server = serveStreams();
  const tokens = ["x", "y"];
  const { watching, outcome } = watch(server.origin, () => tokens.shift());
  const problem = { code: "forbidden", detail: "Why" };
  await server.next(Response.json(problem, { status: 403 }));
  assertEquals(await outcome, ["forbidden 4403"]);
  assertEquals(tokens, ["y"]);
  await watching.closed();
});

Deno.test("openEventStream() reconnects after a 503, at the time set by the server", async () => {
  await using server = serveStreams();
  const { watching, outcome } = watch(server.origin);
  await server.next(
    new Response("", { status: 503, headers: { "Retry-After": "1" } }),
  );
  await watching.until(({ stateNames }) => stateNames.includes("waiting"));
  assertEquals(watching.states.at(-1)?.retryInMs, 1_000);
  assertEquals(watching.errors[0]?.code, "http_503");
  watching.client.close();
  assertEquals(await outcome, []);
  await watching.closed();
});

Deno.test("openEventStream() opens a new stream for a new token, and at once on a new network", async () => {
  await using server = serveStreams();
  const tokens = ["x", "y"];
  const { watching, outcome } = watch(
    server.origin,
    () => tokens.length > 1 ? tokens.shift() : tokens[0],
  );
  const first = await server.next();
  first.send(...greeting(), { type: "token_expiring", expires_in: 30 });
  const second = await server.next();
  assertEquals(second.request.headers.get("authorization"), "Bearer y");
  assertEquals(second.request.headers.get("last-event-id"), "e:0");
  second.send(...greeting({ recovered: true }));
  await watching.until(({ stateNames }) =>
    stateNames.filter((state) => state === "open").length === 2
  );
  dispatchEvent(new Event("online"));
  const third = await server.next();
  third.send(...greeting({ recovered: true }), {
    ...terminal(1),
    connection_id: undefined,
  });
  assertEquals(await outcome, ["sync@0", 1]);
  assertEquals(watching.stateNames.includes("waiting"), false);
  await watching.closed();
});

Deno.test("openEventStream() gives up after an operator's disconnect", async () => {
  await using server = serveStreams();
  const { watching, outcome } = watch(server.origin);
  const { send, end } = await server.next();
  send(...greeting(), {
    type: "error",
    code: "disconnected_by_operator",
    message: "Why",
  });
  end();
  assertEquals(await outcome, ["sync@0", "disconnected_by_operator 4409"]);
  await watching.closed();
});

Deno.test("openEventStream() replaces a blocked WebSocket, with a stream per task", async () => {
  await using server = serveStreams();
  const watching = new WatchingClient(server.origin);
  const a = outcomeOf(watching.client.watch("a"));
  const b = outcomeOf(watching.client.watch("b"));
  const first = await server.next();
  assertEquals(server.refused, 2);
  first.send(...greeting());
  const second = await server.next();
  assertMatch(second.request.url, /\/b$/);
  second.send(...greeting());
  const c = outcomeOf(watching.client.watch("c"));
  const third = await server.next();
  third.send(...greeting(), { ...terminal(1), connection_id: "c" });
  watching.client.cancel("a");
  first.send({ ...terminal(1), connection_id: "a" });
  second.send({ ...terminal(1), connection_id: "b" });
  assertEquals(await Promise.all([a, b, c]), Array(3).fill(["sync@0", 1]));
  assertEquals(server.refused, 2);
  assertEquals(watching.errors.at(-1)?.code, "cancel_unavailable");
  await watching.closed(3);
});

Deno.test("openEventStream() closes the stream at the end of the watch", async () => {
  await using server = serveStreams();
  const controller = new AbortController();
  const watching = new WatchingClient(server.origin, {
    transport: "sse",
    signal: controller.signal,
  });
  const outcome = outcomeOf(watching.client.watch("a"));
  const { send } = await server.next();
  send(...greeting());
  await watching.until(({ stateNames }) => stateNames.includes("open"));
  controller.abort();
  assertEquals((await outcome).slice(1), []);
  await watching.closed();
});
