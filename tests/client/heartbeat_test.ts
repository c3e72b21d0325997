import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { startHeartbeat } from "../../src/client/heartbeat.ts";

/** A heartbeat, and a record of its actions. */
function start(canPing = true) {
  const done: string[] = [];
  const ping = canPing ? () => void done.push("ping") : undefined;
  return {
    done,
    heartbeat: startHeartbeat(ping, () => void done.push("dead")),
  };
}

Deno.test("startHeartbeat() gives up a connection that stays silent from the start", () => {
  using time = new FakeTime();
  const { done } = start();
  time.tick(14_999);
  assertEquals(done, []);
  time.tick(1);
  assertEquals(done, ["dead"]);
});

Deno.test("Heartbeat.received() pings after 20 s of silence, and gives up 10 s later", () => {
  using time = new FakeTime();
  const { done, heartbeat } = start();
  heartbeat.received();
  time.tick(19_999);
  assertEquals(done, []);
  time.tick(1);
  assertEquals(done, ["ping"]);
  time.tick(9_999);
  assertEquals(done, ["ping"]);
  time.tick(1);
  assertEquals(done, ["ping", "dead"]);
});

Deno.test("Heartbeat.received() accepts any received frame", () => {
  using time = new FakeTime();
  const { done, heartbeat } = start();
  for (let second = 0; second < 100; second += 19) {
    heartbeat.received();
    time.tick(19_000);
  }
  heartbeat.stop();
  assertEquals(done, []);
});

Deno.test("Heartbeat.received() gives a stream a minute, without pings", () => {
  using time = new FakeTime();
  const { done, heartbeat } = start(false);
  heartbeat.received();
  time.tick(59_999);
  assertEquals(done, []);
  time.tick(1);
  assertEquals(done, ["dead"]);
});

Deno.test("Heartbeat.probe() pings at once, and gives up 5 s later", () => {
  using time = new FakeTime();
  const { done, heartbeat } = start();
  heartbeat.received();
  heartbeat.probe();
  assertEquals(done, ["ping"]);
  time.tick(5_000);
  assertEquals(done, ["ping", "dead"]);
});

Deno.test("Heartbeat.stop() stops the timer", () => {
  using time = new FakeTime();
  const { done, heartbeat } = start();
  heartbeat.stop();
  heartbeat.received();
  time.tick(3_600_000);
  assertEquals(done, []);
});
