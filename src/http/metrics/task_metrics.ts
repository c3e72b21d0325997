import type { MeasuredParts } from "./measured_parts.ts";
import { byLabel } from "./by_label.ts";
import {
  addCounter,
  addGauge,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds what there is to know of tasks, their events and the store. */
export function addTaskMetrics(
  target: Registry,
  { counters, hub }: Pick<MeasuredParts, "counters" | "hub">,
): void {
  const { durations } = counters;
  addGauge(target, {
    name: "taskwire_watched_tasks",
    help: "Tasks that somebody watches.",
    read: () => hub.taskCount,
  });
  addCounter<"outcome">(target, {
    name: "taskwire_publishes_total",
    help:
      "Events published and cancels asked for ('noted'), by what became of them.",
    labelNames: ["outcome"],
    read: () => byLabel("outcome", counters.publishes),
  });
  addCounter(target, {
    name: "taskwire_deliveries_total",
    help: "Events times the watchers that each reached.",
    read: () => counters.deliveries,
  });
  target.registerMetric(durations.delivery);
  addCounter(target, {
    name: "taskwire_merged_events_total",
    help:
      "Events that slow watchers did not get because a newer one stood for them.",
    read: () => counters.mergedEvents,
  });
  addCounter<"outcome">(target, {
    name: "taskwire_resumes_total",
    help:
      "Tasks that were begun to be watched: 'recovered' without a gap, by a 'snapshot' in place of what was missed, or 'fresh'.",
    labelNames: ["outcome"],
    read: () => byLabel("outcome", counters.resumes),
  });
  target.registerMetric(durations.store);
  addCounter<"operation">(target, {
    name: "taskwire_store_errors_total",
    help: "What the store was asked for in vain.",
    labelNames: ["operation"],
    read: () => byLabel("operation", counters.storeErrors),
  });
}
