import { assertEquals } from "@std/assert";
import type { Services } from "../../../src/services.ts";
import { answerOf } from "../../support/answer.ts";
import { published } from "../../support/published.ts";
import { openRealtime } from "../../support/realtime.ts";
import { scrape } from "../../support/scrape.ts";
import { startTestServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";
import { answerOfStream, SseClient } from "../../support/sse_client.ts";
import { signToken } from "../../support/tokens.ts";

/** Resolves when the runtime has released every socket. */
function allReleased({ registry }: Services): Promise<void> {
  return new Promise((resolve) => {
    const { released } = registry;
    registry.released = (connection) => {
      released.call(registry, connection);
      if (registry.socketCount === 0) resolve();
    };
  });
}

Deno.test("addConnectionMetrics() counts open connections by route and auth_status", async () => {
  await using server = await startTestServer();
  await using _guest = await openRealtime(server, "a");
  await using _user = await openRealtime(server, "a", { sub: "42" });
  await using _other = await openRealtime(server, "b", { sub: "43" });
  await using simple = new TestSocket(server.ws("/ws/ws/simple/a"));
  await simple.nextOf("connected");
  const { samples } = await scrape(server.origin);
  const open = (route: string, status: string) =>
    samples.get(
      `taskwire_connections{route="${route}",auth_status="${status}"}`,
    );
  assertEquals(
    [
      open("realtime_websocket", "guest"),
      open("realtime_websocket", "authenticated"),
      open("realtime_websocket", "none"),
      open("simple_websocket", "none"),
      open("test_websocket", "none"),
      open("realtime_sse", "none"),
    ],
    [1, 2, 0, 1, 0, 0],
  );
  assertEquals(samples.get("taskwire_sockets"), 4);
});

Deno.test("addConnectionMetrics() counts handshakes by route and result", async () => {
  await using server = await startTestServer({ config: { maxConnections: 1 } });
  await using first = new TestSocket(server.ws("/ws/test/a"));
  await first.nextOf("connected");
  assertEquals(
    (await answerOf(fetch(`${server.origin}/ws/test/a`))).status,
    426,
  );
  await using refused = new TestSocket(server.ws("/ws/realtime/a"));
  await refused.closed;
  const { samples } = await scrape(server.origin);
  const shaken = (route: string, result: string) =>
    samples.get(
      `taskwire_handshakes_total{route="${route}_websocket",result="${result}"}`,
    );
  assertEquals(
    [
      shaken("test", "accepted"),
      shaken("test", "upgrade_required"),
      shaken("realtime", "accepted"),
      shaken("realtime", "too_many_connections"),
    ],
    [1, 1, 0, 1],
  );
  assertEquals(samples.get("taskwire_max_sockets"), 1);
});

Deno.test("addConnectionMetrics() counts the handshakes of event streams", async () => {
  await using server = await startTestServer();
  await published(server, "private", { user_id: "42" });
  await using _stream = await SseClient.open(server, "a");
  assertEquals((await answerOfStream(server, "private")).status, 403);
  const { samples } = await scrape(server.origin);
  const shaken = (result: string) =>
    samples.get(
      `taskwire_handshakes_total{route="realtime_sse",result="${result}"}`,
    );
  assertEquals([shaken("accepted"), shaken("forbidden")], [1, 1]);
});

Deno.test("addConnectionMetrics() counts tokens by verdict, including auth frames", async () => {
  await using server = await startTestServer();
  const expired = await signToken({ sub: "42", exp: 1 });
  const nobody = await signToken({ scope: "publish" });
  for (const token of [expired, "x", nobody]) {
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/a?token=${token}`),
    );
    await socket.nextOf("sync");
  }
  await using socket = await openRealtime(server, "a", { sub: "42" });
  for (const token of [await signToken({ sub: "42" }), expired]) {
    socket.send({ type: "auth", token });
    await socket.nextOf("auth");
  }
  await using _guest = await openRealtime(server, "a");
  const { samples } = await scrape(server.origin);
  const countOf = (result: string) =>
    samples.get(`taskwire_tokens_total{result="${result}"}`);
  assertEquals(
    [
      countOf("authenticated"),
      countOf("token_expired"),
      countOf("token_malformed"),
      countOf("token_without_user"),
      countOf("token_bad_signature"),
    ],
    [2, 2, 1, 1, 0],
  );
});

Deno.test("addConnectionMetrics() counts closes of both sides by code", async () => {
  await using server = await startTestServer({
    config: { maxMessageBytes: 4 },
  });
  const released = allReleased(server.services);
  const sockets: TestSocket[] = [];
  for (let count = 0; count < 4; count += 1) {
    const socket = new TestSocket(server.ws("/ws/test/a"));
    await socket.nextOf("connected");
    sockets.push(socket);
  }
  const [normal, madeUp, bare, tooBig] = sockets;
  normal?.raw.close(1000);
  madeUp?.raw.close(4_321);
  bare?.raw.close();
  tooBig?.send("too long");
  await Promise.all(sockets.map(({ closed }) => closed));
  await released;
  const { samples } = await scrape(server.origin);
  const closed = (code: string) =>
    samples.get(`taskwire_closes_total{code="${code}"}`);
  assertEquals(
    [closed("1000"), closed("other"), closed("1005"), closed("1009")],
    [1, 1, 1, 1],
  );
  assertEquals(samples.get("taskwire_sockets"), 0);
});

Deno.test("addConnectionMetrics() shows the counters of other parts", async () => {
  await using server = await startTestServer();
  server.services.counters.evictedConnections = 3;
  server.services.counters.keySetFailures = 4;
  server.services.counters.acceptFailures = 5;
  const { samples } = await scrape(server.origin);
  assertEquals(samples.get("taskwire_evicted_connections_total"), 3);
  assertEquals(samples.get("taskwire_key_set_failures_total"), 4);
  assertEquals(samples.get("taskwire_accept_failures_total"), 5);
});
