import { assert, assertEquals } from "@std/assert";
import { createServices } from "../../src/create_services.ts";
import { createMetrics } from "../../src/metrics/create_metrics.ts";
import { mergeMetrics } from "../../src/metrics/merge_metrics.ts";
import { lacksTool, runTool } from "../support/external_tool.ts";
import { parseMetrics } from "../support/scrape.ts";
import { testConfig } from "../support/server.ts";

async function metricsOf(worker?: number): Promise<string> {
  const services = await createServices(
    testConfig(),
    undefined,
    worker === undefined ? {} : { worker },
  );
  return await createMetrics(services).metrics();
}

Deno.test("createMetrics() labels each sample of a worker, and of nobody else", async () => {
  const { samples } = parseMetrics(await metricsOf(2));
  assert(samples.size > 50);
  for (const name of samples.keys()) assert(name.includes('worker="2"'), name);
  assert(!(await metricsOf()).includes("worker="));
});

Deno.test({
  name:
    "createMetrics() can be merged, and promtool finds nothing to complain of",
  ignore: await lacksTool("promtool"),
  async fn() {
    const text = mergeMetrics([await metricsOf(1), await metricsOf(2)]);
    const { success, output } = await runTool(
      "promtool",
      ["check", "metrics"],
      text,
    );
    assertEquals([success, output], [true, ""]);
  },
});
