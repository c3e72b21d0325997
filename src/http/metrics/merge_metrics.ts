/**
 * Merges what several processes of the same build show, so that the series of
 * a metric stand together, as the format wants it.
 *
 * @param texts In Prometheus' text format, as its client library writes it; no
 * series is in two of them.
 */
export function mergeMetrics(texts: readonly string[]): string {
  /** By what stands above it, help and type: the samples of each metric. */
  const metrics = new Map<string, string[]>();
  for (const text of texts) {
    // Line ends in help and labels are escaped.
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
