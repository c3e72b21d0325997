import type { Config } from "../../config/config.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { Hub } from "../../watch/hub.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import { addConnectionMetrics } from "./connection_metrics.ts";
import { addProcessMetrics } from "./process_metrics.ts";
import { Registry } from "../../metrics/prometheus.ts";
import { addTaskMetrics } from "./task_metrics.ts";

/** The parts of the server that metrics are read from. */
export interface MeasuredParts {
  readonly config: Config;
  readonly counters: Counters;
  readonly hub: Hub;
  readonly registry: ConnectionRegistry;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}

/**
 * What `/metrics` shows of a process.
 *
 * @param isOneOfSeveral Whether the server has other workers: then which one
 * it is, is a label of each series.
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
