import process from "node:process";
import type { MeasuredParts } from "./measured_parts.ts";
import { version } from "../../process/version.ts";
import {
  addCounter,
  addGauge,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds what there is to know of the process; what every process has is named as everywhere. */
export function addProcessMetrics(
  target: Registry,
  { config, counters, registry, worker }: Pick<
    MeasuredParts,
    "config" | "counters" | "registry" | "worker"
  >,
): void {
  addGauge<"version" | "deno" | "worker">(target, {
    name: "taskwire_build_info",
    help:
      "1; the labels say which build runs, on which runtime, and which worker answered.",
    labelNames: ["version", "deno", "worker"],
    read: () => [
      [{ version, deno: Deno.version.deno, worker: String(worker) }, 1],
    ],
  });
  addGauge(target, {
    name: "taskwire_draining",
    help: "1 while the server stops, else 0.",
    read: () => Number(registry.isDraining),
  });
  target.registerMetric(counters.durations.eventLoopDelay);
  addGauge(target, {
    name: "process_start_time_seconds",
    help: "When the process started, in seconds since 1970.",
    read: () => performance.timeOrigin / 1_000,
  });
  addCounter(target, {
    name: "process_cpu_seconds_total",
    help: "Processor time, of user and system.",
    read() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    },
  });
  addGauge(target, {
    name: "process_resident_memory_bytes",
    help: "Resident memory.",
    read: () => Deno.memoryUsage().rss,
  });
  addGauge(target, {
    name: "taskwire_max_memory_bytes",
    help:
      "Resident memory beyond which the server drains and exits (TASKWIRE_MAX_MEMORY_BYTES); 0: none.",
    read: () => config.maxMemoryBytes,
  });
  addGauge(target, {
    name: "taskwire_heap_used_bytes",
    help: "What JavaScript holds, garbage included.",
    read: () => Deno.memoryUsage().heapUsed,
  });
  addGauge(target, {
    name: "taskwire_heap_size_bytes",
    help: "What JavaScript has reserved.",
    read: () => Deno.memoryUsage().heapTotal,
  });
}
