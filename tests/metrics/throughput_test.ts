import { assertEquals } from "@std/assert";
import { Throughput } from "../../src/metrics/throughput.ts";

/** The first second of these tests, in seconds since 1970. */
const start = 1_800_000_000;

/** Figures of a process that began at {@linkcode start}. */
function makeStats(connections: () => number = () => 0) {
  const throughput = new Throughput(connections, start * 1_000);
  return {
    throughput,
    /** An event that took so long, written at a time since the start. */
    publish(atMs: number, delivered: number, tookMs = 0) {
      const nowMs = start * 1_000 + atMs;
      throughput.publish(tookMs, delivered, nowMs);
    },
    history: (atSeconds: number, since?: number) =>
      throughput.history(since, (start + atSeconds) * 1_000),
  };
}

Deno.test("Throughput counts events and deliveries by the second", () => {
  const { throughput, publish, history } = makeStats();
  publish(0, 3);
  publish(999, 4);
  publish(1_000, 5);
  publish(3_000, 6);
  const { from, published, delivered } = history(3);
  assertEquals(from, start);
  assertEquals(published, [2, 1, 0]);
  assertEquals(delivered, [7, 5, 0]);
  assertEquals(throughput.totals, { published: 4, delivered: 18 });
});

Deno.test("Throughput gives the times that half and 99 % of a second's events kept to", () => {
  const { publish, history } = makeStats();
  for (let count = 0; count < 98; count++) publish(0, 1, count < 60 ? 0 : 6);
  publish(0, 1, 80);
  publish(0, 1, 60_000);
  publish(1_000, 1, 60_000);
  publish(3_000, 1, -5);
  const { p50Ms, p99Ms } = history(4);
  assertEquals(p50Ms, [0, 20_000, null, 0]);
  assertEquals(p99Ms, [100, 20_000, null, 0]);
});

Deno.test("Throughput notes the connections when a second is closed", () => {
  let open = 0;
  const { publish, history } = makeStats(() => open);
  open = 2;
  publish(1_000, 0);
  open = 5;
  assertEquals(history(3).connections, [2, 5, 5]);
});

Deno.test("Throughput.history() begins at the requested second, and never with a second under way", () => {
  const { publish, history } = makeStats();
  for (let second = 0; second < 5; second++) publish(second * 1_000, second);
  assertEquals(history(4, start + 2).from, start + 2);
  assertEquals(history(4, start + 2).delivered, [2, 3]);
  assertEquals(history(4, start + 4).published, []);
  assertEquals(history(4, start + 99).from, start + 4);
});

Deno.test("Throughput.history() reaches back 10 minutes", () => {
  const { throughput, publish, history } = makeStats();
  publish(0, 1);
  publish(1_000, 2);
  const { from, delivered } = history(601);
  assertEquals([from, delivered.length], [start + 1, 600]);
  assertEquals(delivered[0], 2);
  assertEquals(history(10_000).published, new Array(600).fill(0));
  assertEquals(throughput.totals, { published: 2, delivered: 3 });
});

Deno.test("Throughput goes on counting if the clock is set back", () => {
  const { publish, history } = makeStats();
  publish(5_000, 1);
  publish(2_000, 1);
  assertEquals(history(6).published, [0, 0, 0, 0, 0, 2]);
});
