import { Histogram } from "./histogram.ts";

/** The measured operations of a store. */
export const storeOperations = [
  "publish",
  "read",
  "list",
  "forget",
  "backup",
] as const;

/** An element of {@linkcode storeOperations}. */
export type StoreOperation = typeof storeOperations[number];

/** Histograms of durations, in seconds. */
export interface Durations {
  /** From a publish until the event is written to the sockets of all watchers. */
  readonly delivery: Histogram;
  /** Duration of store operations, failures included. */
  readonly store: Histogram<StoreOperation>;
  /** Delay of the event loop. */
  readonly eventLoopDelay: Histogram;
}

/** Upper bounds from half a millisecond to an intolerable wait, in seconds. */
const buckets = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
];

/** Creates empty histograms. */
export function createDurations(): Durations {
  return {
    delivery: new Histogram({
      name: "taskwire_delivery_duration_seconds",
      help:
        "Time from the acceptance of a watched event until the event is written to all watchers' sockets.",
      buckets,
    }),
    store: new Histogram({
      name: "taskwire_store_duration_seconds",
      help: "Duration of store operations, failures included.",
      label: { name: "operation", values: storeOperations },
      buckets,
    }),
    eventLoopDelay: new Histogram({
      name: "taskwire_event_loop_delay_seconds",
      help: "Delay of the event loop, sampled twice a second.",
      buckets,
    }),
  };
}
