/** The names and the buckets of a {@linkcode Histogram}. */
export interface HistogramOptions<Value extends string> {
  /** Includes the unit. */
  readonly name: string;
  readonly help: string;
  /** The upper bounds of the buckets, ascending; a last bucket has no bound. */
  readonly buckets: readonly number[];
  /** The only label and all its values; by default there is one series. */
  readonly label?: { readonly name: string; readonly values: readonly Value[] };
}

/** The observations of one series. */
interface Series {
  /** The observations per bucket, not cumulative. */
  readonly counts: Float64Array;
  sum: number;
}

/** A sample, in the form of Prometheus' client library. */
interface Sample {
  /** Written before the shared labels. */
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName: string;
}

/**
 * Counts observations by size, in the same format as the histogram of
 * Prometheus' client library. The library looks up the labels and the bucket of
 * each observation by text, which takes longer than a publish to a store in
 * memory.
 */
export class Histogram<Value extends string = never> {
  readonly name: string;
  readonly #options: HistogramOptions<Value>;
  readonly #series = new Map<Value | undefined, Series>();

  constructor(options: HistogramOptions<Value>) {
    this.name = options.name;
    this.#options = options;
    for (const value of options.label?.values ?? [undefined]) {
      const counts = new Float64Array(options.buckets.length + 1);
      this.#series.set(value, { counts, sum: 0 });
    }
  }

  /**
   * Counts an observation.
   *
   * @param label The value of the label, if the histogram has a label.
   */
  observe(value: number, ...[label]: [Value] extends [never] ? [] : [Value]) {
    const series = this.#series.get(label);
    if (series === undefined) throw new RangeError(`Unknown label: ${label}`);
    const { buckets } = this.#options;
    let bucket = 0;
    while (value > (buckets[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
  }

  /** Returns the samples for a scrape. */
  get() {
    const { help, label } = this.#options;
    const values = [...this.#series].flatMap(([value, series]) =>
      this.#samples(
        series,
        label && value !== undefined ? { [label.name]: value } : {},
      )
    );
    const { name } = this;
    return Promise.resolve({
      name,
      help,
      type: "histogram",
      values,
      aggregator: "sum",
    });
  }

  #samples(
    { counts, sum }: Series,
    sharedLabels: Record<string, string>,
  ): Sample[] {
    const sample = (suffix: string, value: number, labels = {}): Sample => ({
      labels,
      sharedLabels,
      value,
      metricName: `${this.name}_${suffix}`,
    });
    let count = 0;
    const samples = [...counts].map((inBucket, index) => {
      count += inBucket;
      const le = this.#options.buckets[index] ?? "+Inf";
      return sample("bucket", count, { le });
    });
    return [...samples, sample("sum", sum), sample("count", count)];
  }
}
