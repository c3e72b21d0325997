import type { MeasuredParts } from "./measured_parts.ts";
import { addConnectionMetrics } from "./connection_metrics.ts";
import { addProcessMetrics } from "./process_metrics.ts";
import { Registry } from "../../metrics/prometheus.ts";
import { addTaskMetrics } from "./task_metrics.ts";

/**
 * Creates the metrics of a process for `/metrics`.
 *
 * @param isOneOfSeveral True if the server has several workers; each series
 * then has the label `worker`.
 */
export function createMetrics(
  parts: Pick<
    MeasuredParts,
    "config" | "counters" | "hub" | "registry" | "worker"
  >,
  isOneOfSeveral = false,
): Registry {
  const metrics = new Registry();
  addConnectionMetrics(metrics, parts);
  addTaskMetrics(metrics, parts);
  addProcessMetrics(metrics, parts);
  if (isOneOfSeveral) {
    metrics.setDefaultLabels({ worker: String(parts.worker) });
  }
  return metrics;
}
