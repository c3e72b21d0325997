import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { published } from "../support/published.ts";
import { allReleased } from "../support/released.ts";
import { startTestServer } from "../support/server.ts";
import {
  answerOfStream,
  SseClient,
  type SseRequest,
} from "../support/sse_client.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const token = await signToken({ sub: "42" });
const other = await signToken({ sub: "43" });

for (
  const [place, request, who] of [
    ["the query", { query: `?token=${token}` }, [42, "authenticated"]],
    ["Authorization", { headers: bearer(token) }, [42, "authenticated"]],
    ["both, and the query wins", {
      query: `?token=${token}`,
      headers: bearer(other),
    }, [42, "authenticated"]],
    ["Authorization, with an empty query", {
      query: "?token=",
      headers: bearer(other),
    }, [43, "authenticated"]],
    ["nowhere", {}, [1, "guest"]],
    ["another scheme", { headers: { Authorization: "Basic YTpi" } }, [
      1,
      "guest",
    ]],
  ] as [string, SseRequest, unknown[]][]
) {
  Deno.test(`sseRoutes() takes the token from ${place}`, async () => {
    await using server = await startTestServer();
    await using client = await SseClient.open(server, "a", request);
    const { user_id, auth_status } = await client.nextOf("connected");
    assertEquals([user_id, auth_status], who);
  });
}

Deno.test("sseRoutes() reports a bad token, and streams to the guest", async () => {
  await using server = await startTestServer();
  const expired = await signToken({ sub: "42", exp: secondsFromNow(-60) });
  await using client = await SseClient.open(server, "a", {
    headers: bearer(expired),
  });
  assertEquals((await client.nextOf("connected")).auth_status, "invalid_token");
  const { event, data = "" } = await client.next();
  assertEquals([event, JSON.parse(data).code], ["error", "token_expired"]);
  assertEquals((await client.next()).event, "sync");
});

for (
  const [who, request, reason] of [
    ["a guest", {}, /requires authentication/],
    ["a bad token", { headers: bearer("bad") }, /JWT.*requires auth/],
  ] as [string, SseRequest, RegExp][]
) {
  Deno.test(`sseRoutes() answers 401 to ${who} if authentication is required`, async () => {
    await using server = await startTestServer({
      config: { auth: "required" },
    });
    await published(server, "a", { status: "done", message: "not for you" });
    const answer = await answerOfStream(server, "a", request);
    assertEquals(
      [answer.status, answer.headers.get("content-type")],
      [401, "application/problem+json"],
    );
    assertEquals(answer.headers.get("www-authenticate"), "Bearer");
    assertEquals(answer.json().code, "authentication_required");
    assertMatch(String(answer.json().detail), reason);
    assertEquals(server.services.registry.socketCount, 0);
    assertEquals(server.services.hub.watcherCount("a"), 0);
    // A finished task looks the same.
    const { epoch } = await server.services.store.read("a");
    const resume = { ...request, query: `?epoch=${epoch}&offset=1` };
    assertEquals((await answerOfStream(server, "a", resume)).status, 401);
  });
}

Deno.test("sseRoutes() admits users if authentication is required", async () => {
  await using server = await startTestServer({ config: { auth: "required" } });
  await using client = await SseClient.open(server, "a", {
    headers: bearer(token),
  });
  await client.nextOf("sync");
});

Deno.test("sseRoutes() answers 503 if required authentication cannot be checked", async () => {
  await using server = await startTestServer({
    config: { auth: "required" },
    services: () => ({
      verifier: { verify: () => Promise.reject(new Error("down")) },
    }),
  });
  const { status, headers, json } = await answerOfStream(server, "a", {
    headers: bearer(token),
  });
  assertEquals([status, json().code], [503, "authentication_unavailable"]);
  assert(Number(headers.get("retry-after")) >= 1);
});

for (
  const [who, request] of [
    ["a guest", {}],
    ["a guest whose id is the owner's", { query: "?guest" }],
    ["a bad token", { headers: bearer("bad") }],
    ["another user", { headers: bearer(other) }],
    ["a token for other tasks", {
      headers: bearer(await signToken({ sub: "42", tasks: ["b"] })),
    }],
  ] as [string, SseRequest][]
) {
  Deno.test(`sseRoutes() answers 403 to ${who} on a private task`, async () => {
    const guestUserId = request.query ? "42" : "1";
    await using server = await startTestServer({ config: { guestUserId } });
    await published(server, "a", { user_id: 42, message: "secret" }, {
      status: "done",
    });
    const { epoch } = await server.services.store.read("a");
    for (const offset of [1, 2]) {
      const answer = await answerOfStream(server, "a", {
        ...request,
        query: `?epoch=${epoch}&offset=${offset}`,
      });
      assertEquals([answer.status, answer.json().code], [403, "forbidden"]);
      assertFalse(answer.text.includes("secret"));
    }
    assertEquals(server.services.registry.socketCount, 0);
    assertEquals(server.services.hub.watcherCount("a"), 0);
  });
}

Deno.test("sseRoutes() shows a private task to its user", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: 42 });
  await using client = await SseClient.open(server, "a", {
    headers: bearer(token),
  });
  assert((await client.nextOf("sync")).task);
});

Deno.test("sseRoutes() shows a private task to a token with a covered label", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: 42, labels: ["team:7"] });
  const open = async (labels: string[]) => ({
    headers: bearer(await signToken({ sub: "43", tasks: ["b"], labels })),
  });
  await using client = await SseClient.open(
    server,
    "a",
    await open(["team:*"]),
  );
  assert((await client.nextOf("sync")).task);
  const answer = await answerOfStream(server, "a", await open(["team:8"]));
  assertEquals([answer.status, answer.json().code], [403, "forbidden"]);
});

Deno.test("sseRoutes() sends guests an error and ends when a task becomes private", async () => {
  await using server = await startTestServer();
  await using guest = await SseClient.open(server, "a");
  await guest.nextOf("sync");
  await published(server, "a", { user_id: 42, message: "secret" });
  const [error, ...rest] = await guest.toTheEnd();
  assertEquals(error?.event, "error");
  assertEquals(JSON.parse(error?.data ?? "").code, "forbidden");
  assertEquals(rest, []);
});

for (
  const [where, config, event, codes] of [
    ["on a private task", {}, { user_id: 42 }, [
      "token_expired",
      "token_expired",
    ]],
    ["if authentication is required", { auth: "required" as const }, {}, [
      "token_expired",
      "authentication_required",
    ]],
  ] as const
) {
  Deno.test(`sseRoutes() warns before the token expires, tells and ends ${where}`, async () => {
    await using server = await startTestServer({
      config: { ...config, jwtLeewaySeconds: 0 },
    });
    await published(server, "a", event);
    using time = new FakeTime();
    const short = await signToken({ sub: "42", exp: secondsFromNow(60) });
    await using client = await SseClient.open(server, "a", {
      headers: bearer(short),
    });
    await client.nextOf("sync");
    time.tick(30_500);
    const { expires_in } = await client.nextOf("token_expiring");
    assertEquals(expires_in, 30);
    time.tick(30_500);
    const events = await client.toTheEnd();
    assertEquals(events.map(({ event }) => event), ["auth", "error", "error"]);
    assertEquals(
      events.slice(1).map(({ data = "" }) => JSON.parse(data).code),
      [...codes],
    );
    const answer = await answerOfStream(server, "a", {
      headers: bearer(short),
    });
    assertEquals(answer.status, 401);
  });
}

Deno.test("sseRoutes() goes on for a guest when the token expires on an open task, as a socket does", async () => {
  await using server = await startTestServer({
    config: { jwtLeewaySeconds: 0 },
  });
  using time = new FakeTime();
  const short = await signToken({ sub: "42", exp: secondsFromNow(60) });
  await using client = await SseClient.open(server, "a", {
    headers: bearer(short),
  });
  await client.nextOf("sync");
  time.tick(61_000);
  assertEquals((await client.nextOf("auth")).auth_status, "invalid_token");
  assertEquals((await client.nextOf("error")).code, "token_expired");
  await published(server, "a", {});
  await client.nextOf("task");
});

Deno.test("sseRoutes() answers 503 while the store is down, and leaves nothing open", async () => {
  await using server = await startTestServer({
    services: ({ store }) => ({
      store: {
        read: () => Promise.reject(new StoreUnavailableError("down")),
        readEvents: (...args) => store.readEvents(...args),
        list: (...args) => store.list(...args),
        forget: (...args) => store.forget(...args),
        publish: (...args) => store.publish(...args),
        publishAll: (...args) => store.publishAll(...args),
        watch: (...args) => store.watch(...args),
        follow: (...args) => store.follow(...args),
        close: () => store.close(),
      },
    }),
  });
  const { status, json } = await answerOfStream(server, "a");
  assertEquals([status, json().code], [503, "store_unavailable"]);
  assertEquals(server.services.registry.socketCount, 0);
  assertEquals(server.services.hub.watcherCount("a"), 0);
});

for (
  const [limit, config, request, status] of [
    ["in all", { maxConnections: 1 }, {}, 503],
    ["of an address", { maxConnectionsPerIp: 1 }, {}, 429],
    [
      "of a user",
      { maxConnectionsPerUser: 1 },
      { headers: bearer(token) },
      429,
    ],
  ] as const
) {
  Deno.test(`sseRoutes() answers ${status} to one stream too many ${limit}, until the other ends`, async () => {
    await using server = await startTestServer({ config });
    const first = await SseClient.open(server, "a", request);
    await first.nextOf("sync");
    const { headers, ...answer } = await answerOfStream(server, "a", request);
    assertEquals([answer.status, answer.json().code], [
      status,
      "too_many_connections",
    ]);
    assert(Number(headers.get("retry-after")) >= 1);
    assertEquals(server.services.registry.socketCount, 1);
    const released = allReleased(server);
    await published(server, "a", { status: "done" });
    await first.toTheEnd();
    await released;
    await using second = await SseClient.open(server, "b", request);
    await second.nextOf("sync");
  });
}
