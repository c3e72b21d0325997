import { assertEquals } from "@std/assert";
import { nextStopSignal, stopFor } from "../../src/launch/stop.ts";
import { testConfig } from "../support/server.ts";

/** Creates an object with `stop()` that records the timeouts. */
function createStoppable() {
  const timeouts: (number | undefined)[] = [];
  return {
    timeouts,
    stop(timeoutMs?: number): Promise<void> {
      timeouts.push(timeoutMs);
      return Promise.resolve();
    },
  };
}

Deno.test("stopFor() drains for a signal, and exits 0", async () => {
  const running = createStoppable();
  assertEquals(await stopFor("SIGTERM", running, testConfig()), 0);
  assertEquals(running.timeouts, [undefined]);
});

Deno.test("stopFor() drains fast and exits 75 if memory runs out", async () => {
  const running = createStoppable();
  for (const drainTimeoutSeconds of [1, 10]) {
    const config = testConfig({ drainTimeoutSeconds, maxMemoryBytes: 1 });
    assertEquals(await stopFor(2, running, config), 75);
  }
  assertEquals(running.timeouts, [1_000, 2_000]);
});

Deno.test("stopFor() drains fast and exits 75 if too many sockets never open", async () => {
  const running = createStoppable();
  const reason = { unopened: 100 };
  assertEquals(await stopFor(reason, running, testConfig()), 75);
  assertEquals(running.timeouts, [2_000]);
});

Deno.test("nextStopSignal() resolves to the first signal", async () => {
  // Waiting for signals alone does not keep the process alive.
  const alive = setTimeout(() => {}, 60_000);
  const signal = nextStopSignal();
  Deno.kill(Deno.pid, "SIGTERM");
  assertEquals(await signal, "SIGTERM");
  clearTimeout(alive);
});
