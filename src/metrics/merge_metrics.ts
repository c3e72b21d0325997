/** A metric of several processes. */
interface MergedMetric {
  /** Its `# HELP` and `# TYPE`, which all give alike. */
  readonly head: Set<string>;
  readonly samples: string[];
}

/**
 * Makes one exposition out of those of several processes, in Prometheus' text
 * format, where each metric may stand only once. Their samples must differ in a
 * label.
 */
export function mergeMetrics(texts: readonly string[]): string {
  const metrics = new Map<string, MergedMetric>();
  for (const text of texts) {
    let metric: MergedMetric | undefined;
    for (const line of text.split("\n")) {
      const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        metric = metrics.get(name) ?? { head: new Set(), samples: [] };
        metrics.set(name, metric);
        metric.head.add(line);
      } else if (line !== "") metric?.samples.push(line);
    }
  }
  return [...metrics.values()]
    .map(({ head, samples }) => [...head, ...samples, ""].join("\n"))
    .join("\n");
}
