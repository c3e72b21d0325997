import { assertEquals } from "@std/assert";
import { mergeMetrics } from "../../src/metrics/merge_metrics.ts";

const textOf = (worker: number, extra = "") =>
  `# HELP up Says "# TYPE".
# TYPE up gauge
up{worker="${worker}"} 1

# HELP took Seconds.
# TYPE took histogram
took_bucket{le="1",worker="${worker}"} 2
took_count{worker="${worker}"} 2
${extra}`;

Deno.test("mergeMetrics() has each metric once, with the samples of all", () => {
  const other = "\n# HELP new Of another build.\n# TYPE new counter\nnew 3\n";
  assertEquals(
    mergeMetrics([textOf(1), textOf(2, other)]),
    `# HELP up Says "# TYPE".
# TYPE up gauge
up{worker="1"} 1
up{worker="2"} 1

# HELP took Seconds.
# TYPE took histogram
took_bucket{le="1",worker="1"} 2
took_count{worker="1"} 2
took_bucket{le="1",worker="2"} 2
took_count{worker="2"} 2

# HELP new Of another build.
# TYPE new counter
new 3
`,
  );
});

Deno.test("mergeMetrics() leaves the metrics of one process as they are", () => {
  assertEquals(mergeMetrics([textOf(1)]), textOf(1));
});
