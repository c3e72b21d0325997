import process from "node:process";
import type { MeasuredParts } from "./measured_parts.ts";
import { version } from "../../process/version.ts";
import {
  addCounter,
  addGauge,
  addHistogram,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds the metrics of the process, with Prometheus' usual names for common metrics. */
export function addProcessMetrics(
  target: Registry,
  { config, counters, registry, worker }: Pick<
    MeasuredParts,
    "config" | "counters" | "registry" | "worker"
  >,
): void {
  addGauge<"version" | "deno" | "worker">(target, {
    name: "taskwire_build_info",
    help: "Always 1; the labels show the build, the runtime and the worker.",
    labelNames: ["version", "deno", "worker"],
    read: () => [
      [{ version, deno: Deno.version.deno, worker: String(worker) }, 1],
    ],
  });
  addGauge(target, {
    name: "taskwire_draining",
    help: "1 while the server is stopping, otherwise 0.",
    read: () => Number(registry.isDraining),
  });
  addHistogram(target, counters.durations.eventLoopDelay);
  addGauge(target, {
    name: "process_start_time_seconds",
    help: "Start time of the process, in seconds since 1970.",
    read: () => performance.timeOrigin / 1_000,
  });
  addCounter(target, {
    name: "process_cpu_seconds_total",
    help: "User and system CPU time.",
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
      "Limit of resident memory above which the server drains and exits (TASKWIRE_MAX_MEMORY_BYTES); 0 for no limit.",
    read: () => config.maxMemoryBytes,
  });
  addGauge(target, {
    name: "taskwire_heap_used_bytes",
    help: "JavaScript heap in use, garbage included.",
    read: () => Deno.memoryUsage().heapUsed,
  });
  addGauge(target, {
    name: "taskwire_heap_size_bytes",
    help: "JavaScript heap reserved.",
    read: () => Deno.memoryUsage().heapTotal,
  });
}
