import { assertEquals, assertMatch } from "@std/assert";
import { noOtherNodes } from "../../../src/cluster/other_nodes.ts";
import { createServices } from "../../../src/create_services.ts";
import { parseMetrics } from "../../support/scrape.ts";
import { testConfig } from "../../support/server.ts";

Deno.test("createMetrics() names no worker if there is a single process", async () => {
  const { metrics } = await createServices(testConfig());
  const { samples } = parseMetrics(await (await metrics()).metrics());
  assertEquals(
    [...samples.keys()].filter((sample) => sample.includes("worker"))
      .map((sample) => sample.replace(/\{.*/, "")),
    ["taskwire_build_info"],
  );
});

Deno.test("createMetrics() names the worker in each series if there are several", async () => {
  const { metrics } = await createServices(testConfig(), undefined, {
    worker: 3,
    otherWorkers: noOtherNodes,
  });
  const { samples } = parseMetrics(await (await metrics()).metrics());
  for (const sample of samples.keys()) {
    assertMatch(sample, /^[a-z_]+\{(?:[^{}]+,)?worker="3"[^{}]*\}$/);
    assertEquals(sample.split("worker=").length, 2, sample);
  }
});
