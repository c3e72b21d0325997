import type * as client from "prom-client";
import counter from "prom-client/lib/counter.js";
import gauge from "prom-client/lib/gauge.js";
import registry from "prom-client/lib/registry.js";
import type { Histogram } from "./histogram.ts";

// Single files of Prometheus' client library: the library's entry file also
// imports summaries and default metrics.

const Counter: typeof client.Counter = counter;
const Gauge: typeof client.Gauge = gauge;

/** The metrics of one scrape; see the library. */
export const Registry: typeof client.Registry = registry;
/** The metrics of one scrape; see the library. */
export type Registry = client.Registry;

/** The values of a metric by labels, or a number for a metric without labels. */
export type Reading<Label extends string> =
  | number
  | Iterable<readonly [labels: Record<Label, string>, value: number]>;

/** A metric whose value is read at each scrape, so that counting stays cheap. */
export interface ReadMetric<Label extends string = never> {
  /** Includes the unit, and `_total` for a counter. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
  readonly read: () => Reading<Label>;
}

/** Adds a counter. */
export function addCounter<Label extends string = never>(
  registry: Registry,
  metric: ReadMetric<Label>,
): void {
  new Counter(configure(registry, metric));
}

/** Adds a gauge. */
export function addGauge<Label extends string = never>(
  registry: Registry,
  metric: ReadMetric<Label>,
): void {
  new Gauge(configure(registry, metric));
}

function configure<Label extends string>(
  registry: Registry,
  { read, ...metric }: ReadMetric<Label>,
) {
  return {
    ...metric,
    registers: [registry],
    collect(this: client.Counter<Label> | client.Gauge<Label>) {
      this.reset();
      const reading = read();
      if (typeof reading === "number") this.inc(reading);
      else for (const [labels, value] of reading) this.inc(labels, value);
    },
  };
}

/** Adds a histogram. */
export function addHistogram<Value extends string>(
  registry: Registry,
  histogram: Histogram<Value>,
): void {
  // The library calls only `get` at a scrape, but its type names more methods.
  registry.registerMetric(histogram as unknown as client.Histogram);
}
