import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "./support/fake_time.ts";
import { Hono } from "hono";
import { createApp } from "../src/app.ts";
import { createServices } from "../src/create_services.ts";
import { startServer } from "../src/server.ts";
import type { Services } from "../src/services.ts";
import { answerOf } from "./support/answer.ts";
import { rawHandshake } from "./support/handshake.ts";
import { RawSocket } from "./support/raw_socket.ts";
import { startTestServer, testConfig } from "./support/server.ts";
import { passSilence } from "./support/silence.ts";
import { TestSocket } from "./support/socket.ts";

Deno.test("startServer() returns its address", async () => {
  const services = await createServices(testConfig());
  const server = startServer(createApp(services), services);
  const { host, port } = server.address;
  assertEquals(host, "127.0.0.1");
  assert(port > 0);
  const { status } = await answerOf(fetch(`http://${host}:${port}/healthz`));
  assertEquals(status, 200);
  await server.stop();
});

Deno.test("startServer() throws if the port is taken, and the first server survives", async () => {
  await using first = await startTestServer();
  const port = Number(new URL(first.origin).port);
  const services = await createServices(testConfig({ port }));
  assertThrows(
    () => startServer(createApp(services), services),
    Deno.errors.AddrInUse,
  );
  assertEquals((await answerOf(fetch(`${first.origin}/healthz`))).status, 200);
});

Deno.test("RunningServer.stop() sends each socket an error, then closes with 1012", async () => {
  await using server = await startTestServer();
  const paths = ["/ws/realtime/a", "/ws/ws/simple/a", "/ws/test/a"];
  const sockets = paths.map((path) => new TestSocket(server.ws(path)));
  await Promise.all(sockets.map((socket) => socket.nextOf("connected")));
  const stopped = server.stop();
  for (const socket of sockets) {
    const { code, retry_after_ms } = await socket.nextOf("error");
    assertEquals(code, "server_restarting");
    assert(Number(retry_after_ms) >= 500 && Number(retry_after_ms) <= 5_000);
    assertEquals((await socket.closed).code, 1012);
  }
  await stopped;
  assertEquals(server.services.registry.socketCount, 0);
});

Deno.test("RunningServer.stop() closes sockets over half the drain time, while not ready", async () => {
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 10 },
  });
  using time = new FakeTime();
  await using first = new TestSocket(server.ws("/ws/test/1"));
  await first.nextOf("connected");
  await using second = new TestSocket(server.ws("/ws/test/2"));
  await second.nextOf("connected");
  const startedAt = time.now;
  const stopped = server.stop();
  assertEquals((await first.nextFrame()).code, "server_restarting");

  second.send("still here");
  assertEquals(await second.next(), "still here");
  const ready = await answerOf(fetch(`${server.origin}/readyz`));
  assertEquals([ready.status, ready.json().code], [503, "draining"]);
  const health = await answerOf(fetch(`${server.origin}/healthz`));
  assertEquals(health.status, 200);
  const refused = await rawHandshake(server.ws("/ws/test/3"));
  assertEquals(refused.status, 503);
  assert(refused.headers.has("retry-after"));
  assertEquals((await answerOf(server.publish("a", {}))).status, 201);

  while (server.services.registry.list().length > 0) await time.nextAsync();
  assertEquals(time.now - startedAt, 2_500);
  assertEquals((await second.nextFrame()).code, "server_restarting");
  let isStopped = false;
  stopped.then(() => isStopped = true);
  await passSilence(time);
  while (!isStopped) await time.tickAsync();
  assertEquals((await second.closed).code, 1012);
  assertEquals((await first.closed).code, 1012);
});

Deno.test("RunningServer.stop() serves new connections if isReplaced", async () => {
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 4 },
  });
  const [first, second] = ["a", "b"].map((id) =>
    new TestSocket(server.ws(`/ws/test/${id}`))
  );
  await first?.nextFrame();
  await second?.nextFrame();
  const stopped = server.stop(undefined, { isReplaced: true });
  assertEquals((await first?.closed)?.code, 1012);
  const { status } = await answerOf(fetch(`${server.origin}/readyz`));
  assertEquals(status, 200);
  await using newcomer = new TestSocket(server.ws("/ws/test/c"));
  assertEquals((await newcomer.nextFrame()).type, "connected");
  server.stop(); // all connections
  const { status: late } = await answerOf(fetch(`${server.origin}/readyz`));
  assertEquals(late, 503);
  assertEquals((await second?.closed)?.code, 1012);
  assertEquals((await newcomer.closed).code, 1012);
  await stopped;
});

Deno.test("RunningServer.stop() refuses new connections when done", async () => {
  await using server = await startTestServer();
  await server.stop();
  await assertRejects(() => fetch(`${server.origin}/healthz`), TypeError);
});

Deno.test("RunningServer.stop() stops once for concurrent calls", async () => {
  let closes = 0;
  await using server = await startTestServer({
    services: ({ store }) => ({
      store: {
        read: (...args) => store.read(...args),
        readEvents: (...args) => store.readEvents(...args),
        list: (...args) => store.list(...args),
        forget: (...args) => store.forget(...args),
        watch: (...args) => store.watch(...args),
        publish: (...args) => store.publish(...args),
        publishAll: (...args) => store.publishAll(...args),
        follow: (...args) => store.follow(...args),
        close: () => {
          closes += 1;
          return store.close();
        },
      },
    }),
  });
  assertEquals(server.stop(), server.stop());
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
  assertEquals(closes, 1);
});

/** A store with slow publishes. */
function slowStore() {
  const arrived = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const order: string[] = [];
  const services = ({ store }: Services): Partial<Services> => ({
    store: {
      read: (...args) => store.read(...args),
      readEvents: (...args) => store.readEvents(...args),
      list: (...args) => store.list(...args),
      forget: (...args) => store.forget(...args),
      watch: (...args) => store.watch(...args),
      publishAll: (...args) => store.publishAll(...args),
      publish: async (...args) => {
        arrived.resolve();
        await goOn.promise;
        order.push("published");
        return await store.publish(...args);
      },
      follow: (...args) => store.follow(...args),
      close: () => {
        order.push("closed");
        return store.close();
      },
    },
  });
  return { arrived: arrived.promise, goOn: goOn.resolve, order, services };
}

Deno.test("RunningServer.stop() lets a publish finish before closing the store", async () => {
  const { arrived, goOn, order, services } = slowStore();
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 60 },
    services,
  });
  const publishing = answerOf(server.publish("a", { progress: 1 }));
  await arrived;
  const stopped = server.stop().then(() => order.push("stopped"));
  goOn();
  const { status, json } = await publishing;
  assertEquals([status, json().offset], [201, 1]);
  await stopped;
  assertEquals(order, ["published", "closed", "stopped"]);
});

for (
  const [criterion, timeoutMs, takesMs] of [
    ["the drain time", undefined, 10_000],
    ["the time that it is given", 2_000, 2_000],
  ] as const
) {
  Deno.test(`RunningServer.stop() does not wait beyond ${criterion} for a hanging request`, async () => {
    const { arrived, goOn, order, services } = slowStore();
    await using server = await startTestServer({
      config: { drainTimeoutSeconds: 10 },
      services,
    });
    const publishing = answerOf(server.publish("a", {}));
    await arrived;
    {
      using time = new FakeTime();
      const startedAt = time.now;
      const stopped = server.stop(timeoutMs).then(() => order.push("stopped"));
      while (order.length < 2) {
        await time.nextAsync();
        await time.runMicrotasks();
      }
      await stopped;
      assertEquals(time.now - startedAt, takesMs);
    }
    assertEquals(order, ["closed", "stopped"]);
    goOn();
    await publishing;
  });
}

Deno.test("RunningServer.stop() does not wait for a stalled reader", async () => {
  const flooded = Promise.withResolvers<void>();
  await using server = await startTestServer({
    table: [{
      name: "flooding_websocket",
      path: "/ws/flooding/{connection_id}",
      endpoint: (connection) => {
        connection.send(new ArrayBuffer(32 * 1024 * 1024));
        flooded.resolve();
        return () => {};
      },
    }],
  });
  using _stalled = await RawSocket.open(server.ws("/ws/flooding/a"));
  await flooded.promise;
  await server.stop();
  assertEquals(server.services.registry.list(), []);
});

Deno.test("startServer() survives a rejection without an Error", async () => {
  const services = await createServices(testConfig());
  const app = new Hono();
  app.get("/broken", () => Promise.reject("no Error"));
  app.get("/whole", (c) => c.text("whole"));
  const server = startServer(app, services);
  const origin = `http://127.0.0.1:${server.address.port}`;
  assertEquals((await answerOf(fetch(`${origin}/broken`))).status, 500);
  assertEquals((await answerOf(fetch(`${origin}/whole`))).status, 200);
  await server.stop();
});
