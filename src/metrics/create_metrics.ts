import type { Services } from "../services.ts";
import { addConnectionMetrics } from "./connection_metrics.ts";
import { addProcessMetrics } from "./process_metrics.ts";
import { Registry } from "./prometheus.ts";
import { addTaskMetrics } from "./task_metrics.ts";

/** All metrics of this process; one of several workers is a label of each sample. */
export function createMetrics(services: Services): Registry {
  const registry = new Registry();
  addConnectionMetrics(registry, services);
  addTaskMetrics(registry, services);
  addProcessMetrics(registry, services);
  const { worker } = services;
  if (worker !== undefined) {
    registry.setDefaultLabels({ worker: String(worker) });
  }
  return registry;
}
