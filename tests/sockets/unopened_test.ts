import { assertEquals, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { connect } from "node:net";
import { ConnectionRegistry } from "../../src/connections/registry.ts";
import { eventually } from "../support/eventually.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { handshakeBytes } from "../support/tcp_exchange.ts";

const address = "192.0.2.1";

Deno.test("ConnectionRegistry.reserve() gives a place back after 5 s at most", async () => {
  using time = new FakeTime();
  const registry = new ConnectionRegistry();
  const release = registry.reserve(address);
  await time.tickAsync(2_500);
  assertEquals([registry.socketCount, registry.unopenedCount], [1, 0]);
  await time.tickAsync(2_500);
  assertEquals([registry.socketCount, registry.unopenedCount], [0, 1]);
  assertEquals(registry.socketsOf(address), 0);
  assertEquals(registry.unopenedLately(address), 1);
  release(); // opened late
  assertEquals([registry.socketCount, registry.unopenedCount], [0, 0]);
});

Deno.test("ConnectionRegistry.unopenedReached() resolves at its bound", async () => {
  using time = new FakeTime();
  const registry = new ConnectionRegistry();
  let reached = 0;
  registry.unopenedReached(2).then((count) => reached = count);
  registry.reserve(address);
  await time.tickAsync(5_000);
  assertEquals(reached, 0);
  registry.reserve(address);
  registry.reserve("192.0.2.2")();
  await time.tickAsync(5_000);
  assertEquals(reached, 2);
});

/** Sends a handshake and resets the connection; resolves after the reset. */
function resetHandshake(origin: string, path: string): Promise<void> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const tcp = connect(Number(port), hostname, () => {
      tcp.write(handshakeBytes(path), () => tcp.resetAndDestroy());
    });
    tcp.on("error", reject).on("close", () => resolve());
  });
}

for (
  const [criterion, path] of [
    ["right after the request", "/ws/realtime/a"],
    ["during verification", "/ws/realtime/a?token=a.b.c"],
  ] as const
) {
  // Deno 2.9 never completes the upgrade of a reset socket.
  const leaks = { sanitizeOps: false, sanitizeResources: false };
  Deno.test(
    `a server lets clients in after 600 handshakes that are reset ${criterion}`,
    leaks,
    async () => {
      await using server = await startTestServer({
        config: { maxConnections: 500, drainTimeoutSeconds: 0 },
      });
      for (let count = 0; count < 600; count += 1) {
        await resetHandshake(server.origin, path);
      }
      const { registry } = server.services;
      await eventually(() => Promise.resolve(registry.socketCount === 0));
      // Most resets are noticed before the upgrade, and cost no descriptor.
      assertLess(registry.unopenedCount, 300);
      await using socket = new TestSocket(server.ws("/ws/realtime/a"));
      assertEquals((await socket.nextFrame()).type, "connected");
    },
  );
}
