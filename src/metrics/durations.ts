import { Histogram } from "./prometheus.ts";

/** What is asked of a store. */
export const storeOperations = ["publish", "read", "list", "forget"] as const;

/** One of {@linkcode storeOperations}. */
export type StoreOperation = typeof storeOperations[number];

/** How long things take, in seconds. */
export interface Durations {
  /** From a publish to when its event is with the sockets of all its watchers. */
  readonly delivery: Histogram;
  /** What a store was asked for, failures included. */
  readonly store: Histogram<"operation">;
  /** By how much the event loop was late. */
  readonly eventLoopDelay: Histogram;
}

/** From half a millisecond to what nobody should wait, in seconds. */
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

/** Nothing observed yet. */
export function createDurations(): Durations {
  const registers: never[] = []; // not the library's global one
  const store = new Histogram({
    name: "taskwire_store_duration_seconds",
    help: "How long the store took, failures included.",
    labelNames: ["operation"],
    buckets,
    registers,
  });
  for (const operation of storeOperations) store.zero({ operation });
  return {
    delivery: new Histogram({
      name: "taskwire_delivery_duration_seconds",
      help:
        "From the acceptance of an event that has watchers until it is with their sockets.",
      buckets,
      registers,
    }),
    store,
    eventLoopDelay: new Histogram({
      name: "taskwire_event_loop_delay_seconds",
      help: "By how much the event loop was late, sampled twice a second.",
      buckets,
      registers,
    }),
  };
}
