/**
 * Merges the metrics of several processes of the same build and groups the
 * series by metric, as the format requires.
 *
 * @param texts Prometheus' text format, as written by its client library; each
 * series appears in only one text.
 */
export function mergeMetrics(texts: readonly string[]): string {
  /** The samples of each metric, by the lines above: help and type. */
  const metrics = new Map<string, string[]>();
  for (const text of texts) {
    // Safe to split: line ends in help and labels are escaped.
    for (const block of text.trimEnd().split("\n\n")) {
      const [help, type, ...samples] = block.split("\n");
      const head = `${help}\n${type}`;
      metrics.set(head, [...metrics.get(head) ?? [], ...samples]);
    }
  }
  const blocks = [...metrics].map(([head, samples]) =>
    [head, ...samples].join("\n")
  );
  return `${blocks.join("\n\n")}\n`;
}
