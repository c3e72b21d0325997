import type { MeasuredParts } from "./measured_parts.ts";
import { byLabel } from "./by_label.ts";
import {
  addCounter,
  addGauge,
  addHistogram,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds the metrics of tasks, events and the store. */
export function addTaskMetrics(
  target: Registry,
  { counters, hub }: Pick<MeasuredParts, "counters" | "hub">,
): void {
  const { durations } = counters;
  addGauge(target, {
    name: "taskwire_watched_tasks",
    help: "Tasks with at least one watcher.",
    read: () => hub.taskCount,
  });
  addGauge(target, {
    name: "taskwire_lists",
    help: "Open lists of tasks.",
    read: () => hub.lists.listCount,
  });
  addCounter<"outcome">(target, {
    name: "taskwire_publishes_total",
    help: "Published events and cancel requests ('noted'), by outcome.",
    labelNames: ["outcome"],
    read: () => byLabel("outcome", counters.publishes),
  });
  addCounter(target, {
    name: "taskwire_deliveries_total",
    help: "Events delivered, counted once per watcher.",
    read: () => counters.deliveries,
  });
  addHistogram(target, durations.delivery);
  addCounter(target, {
    name: "taskwire_merged_events_total",
    help:
      "Events not sent to slow watchers because a newer event replaced them.",
    read: () => counters.mergedEvents,
  });
  addCounter<"outcome">(target, {
    name: "taskwire_resumes_total",
    help:
      "Subscriptions to tasks: 'recovered' without a gap, by a 'snapshot' in place of the missed events, or 'fresh' without an earlier position.",
    labelNames: ["outcome"],
    read: () => byLabel("outcome", counters.resumes),
  });
  addHistogram(target, durations.store);
  addCounter<"operation">(target, {
    name: "taskwire_store_errors_total",
    help: "Failed store operations.",
    labelNames: ["operation"],
    read: () => byLabel("operation", counters.storeErrors),
  });
}
