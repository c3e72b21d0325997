import { assertEquals } from "@std/assert";
import {
  addCounter,
  addGauge,
  Registry,
} from "../../src/metrics/prometheus.ts";
import { parseMetrics } from "../support/scrape.ts";

Deno.test("addCounter() reads its number at each scrape, and not twice", async () => {
  const registry = new Registry();
  let count = 0;
  addCounter(registry, {
    name: "a_total",
    help: "A.",
    read: () => count += 1,
  });
  for (const expected of [1, 2]) {
    const { samples, types } = parseMetrics(await registry.metrics());
    assertEquals([...samples, ...types], [
      ["a_total", expected],
      ["a_total", "counter"],
    ]);
  }
});

Deno.test("addGauge() forgets the labels of the scrape before", async () => {
  const registry = new Registry();
  const readings: [{ k: string }, number][][] = [
    [[{ k: "one" }, 1], [{ k: 'two "\n' }, 2]],
    [[{ k: "one" }, 0]],
  ];
  addGauge<"k">(registry, {
    name: "a",
    help: "A.",
    labelNames: ["k"],
    read: () => readings.shift() ?? [],
  });
  const texts = [await registry.metrics(), await registry.metrics()];
  assertEquals(texts.map((text) => [...parseMetrics(text).samples]), [
    [['a{k="one"}', 1], ['a{k="two \\"\\n"}', 2]],
    [['a{k="one"}', 0]],
  ]);
});
