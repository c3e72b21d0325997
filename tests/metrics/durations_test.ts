import { assertEquals } from "@std/assert";
import {
  createDurations,
  storeOperations,
} from "../../src/metrics/durations.ts";
import { addHistogram, Registry } from "../../src/metrics/prometheus.ts";
import { parseMetrics } from "../support/scrape.ts";

Deno.test("createDurations() knows each operation before its first", async () => {
  const registry = new Registry();
  const { store } = createDurations();
  addHistogram(registry, store);
  store.observe(0.002, "read");
  const { samples } = parseMetrics(await registry.metrics());
  const counts = storeOperations.map((operation) =>
    samples.get(
      `taskwire_store_duration_seconds_count{operation="${operation}"}`,
    )
  );
  assertEquals(counts, [0, 1, 0, 0, 0]);
  const bucket = (le: number) =>
    samples.get(
      `taskwire_store_duration_seconds_bucket{le="${le}",operation="read"}`,
    );
  assertEquals([bucket(0.001), bucket(0.0025), bucket(5)], [0, 1, 1]);
});

Deno.test("createDurations() is a set of its own each time", async () => {
  const [first, second] = [createDurations(), createDurations()];
  first.delivery.observe(1);
  const { values } = await second.delivery.get();
  assertEquals(values.every(({ value }) => value === 0), true);
});
