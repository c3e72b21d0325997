import { assertEquals } from "@std/assert";
import { mergeMetrics } from "../../../src/http/metrics/merge_metrics.ts";
import {
  addCounter,
  addGauge,
  Registry,
} from "../../../src/metrics/prometheus.ts";

/** Returns the text of a worker with a labelled counter and an unlabelled gauge. */
async function textOf(worker: string): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ worker });
  addCounter<"k">(registry, {
    name: "a_total",
    help: "A,\n\nand more.",
    labelNames: ["k"],
    read: () => [[{ k: "one\n\ntwo" }, 1], [{ k: "{}" }, 2]],
  });
  addGauge(registry, { name: "b", help: "B.", read: () => 3 });
  return await registry.metrics();
}

Deno.test("mergeMetrics() leaves a single text unchanged", async () => {
  const text = await textOf("1");
  assertEquals(mergeMetrics([text]), text);
});

Deno.test("mergeMetrics() puts the series of a metric together", async () => {
  const c = "# HELP c C.\n# TYPE c gauge\nc 4\n";
  assertEquals(
    mergeMetrics([await textOf("1"), await textOf("2"), c]),
    [
      "# HELP a_total A,\\n\\nand more.",
      "# TYPE a_total counter",
      'a_total{k="one\\n\\ntwo",worker="1"} 1',
      'a_total{k="{}",worker="1"} 2',
      'a_total{k="one\\n\\ntwo",worker="2"} 1',
      'a_total{k="{}",worker="2"} 2',
      "",
      "# HELP b B.",
      "# TYPE b gauge",
      'b{worker="1"} 3',
      'b{worker="2"} 3',
      "",
      "# HELP c C.",
      "# TYPE c gauge",
      "c 4",
      "",
    ].join("\n"),
  );
});
