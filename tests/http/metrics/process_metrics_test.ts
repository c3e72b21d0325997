import { assert, assertEquals } from "@std/assert";
import { createServices } from "../../../src/create_services.ts";
import { addProcessMetrics } from "../../../src/http/metrics/process_metrics.ts";
import { Registry } from "../../../src/metrics/prometheus.ts";
import { version } from "../../../src/process/version.ts";
import { parseMetrics } from "../../support/scrape.ts";
import { testConfig } from "../../support/server.ts";

Deno.test("addProcessMetrics() shows build, start, processor time and memory", async () => {
  const config = testConfig({ maxMemoryBytes: 7 });
  const services = await createServices(config, undefined, { worker: 3 });
  const registry = new Registry();
  addProcessMetrics(registry, services);
  const { samples } = parseMetrics(await registry.metrics());
  const deno = Deno.version.deno;
  const build =
    `taskwire_build_info{version="${version}",deno="${deno}",worker="3"}`;
  assertEquals(samples.get(build), 1);
  assertEquals(samples.get("taskwire_max_memory_bytes"), 7);
  assertEquals(samples.get("taskwire_draining"), 0);
  const atLeast = (name: string, min: number) =>
    assert(Number(samples.get(name)) > min, name);
  atLeast("process_start_time_seconds", 1.7e9);
  atLeast("process_cpu_seconds_total", 0.001);
  atLeast("process_resident_memory_bytes", 10_000_000);
  atLeast("taskwire_heap_used_bytes", 1_000_000);
  atLeast("taskwire_heap_size_bytes", 1_000_000);
});

Deno.test("addProcessMetrics() shows that the server drains", async () => {
  const services = await createServices(testConfig());
  const registry = new Registry();
  addProcessMetrics(registry, services);
  services.registry.beginDrain();
  const { samples } = parseMetrics(await registry.metrics());
  assertEquals(samples.get("taskwire_draining"), 1);
});
