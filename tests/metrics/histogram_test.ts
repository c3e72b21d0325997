import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import LibraryHistogram from "prom-client/lib/histogram.js";
import { Histogram } from "../../src/metrics/histogram.ts";
import { addHistogram, Registry } from "../../src/metrics/prometheus.ts";

const names = { name: "a_seconds", help: "A \\ b.\nC." };
const buckets = [0.5, 1, 2.5];
const values = fc.array(fc.double({ min: 0, max: 4, noNaN: true }));

Deno.test("Histogram is written like the histogram of Prometheus' library", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (observed) => {
      const [own, library] = [new Registry(), new Registry()];
      const histogram = new Histogram({ ...names, buckets });
      addHistogram(own, histogram);
      const reference = new LibraryHistogram({
        ...names,
        buckets,
        registers: [library],
      });
      for (const value of observed) {
        histogram.observe(value);
        reference.observe(value);
      }
      assertEquals(await own.metrics(), await library.metrics());
    }),
  );
});

Deno.test("Histogram with a label is written like the library's histogram", async () => {
  const kinds = ["read", "write"] as const;
  const observations = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(4)));
  await fc.assert(
    fc.asyncProperty(observations, async (observed) => {
      const [own, library] = [new Registry(), new Registry()];
      for (const registry of [own, library]) {
        registry.setDefaultLabels({ worker: "2" });
      }
      const label = { name: "kind", values: kinds };
      const histogram = new Histogram({ ...names, buckets, label });
      addHistogram(own, histogram);
      const reference = new LibraryHistogram({
        ...names,
        buckets,
        labelNames: ["kind"],
        registers: [library],
      });
      for (const kind of kinds) reference.zero({ kind });
      for (const [kind, value] of observed) {
        histogram.observe(value, kind);
        reference.observe({ kind }, value);
      }
      assertEquals(await own.metrics(), await library.metrics());
    }),
  );
});

Deno.test("Histogram refuses an unknown label", () => {
  const label = { name: "kind", values: ["read"] as string[] };
  const histogram = new Histogram({ ...names, buckets, label });
  assertThrows(() => histogram.observe(1, "write"), RangeError, "write");
});
