import { assertEquals } from "@std/assert";
import type { Answer, OtherNodes } from "../../../src/cluster/other_nodes.ts";
import { addGauge, Registry } from "../../../src/metrics/prometheus.ts";
import { scrapeWorkers } from "../../../src/http/metrics/scrape_workers.ts";

/** Creates worker 2, with a gauge. */
function workerOf(value: number) {
  const metrics = new Registry();
  metrics.setDefaultLabels({ worker: "2" });
  addGauge(metrics, { name: "a", help: "A.", read: () => value });
  return { metrics, worker: 2 };
}

function otherWorkersOf(answers: readonly Answer[], silent = 0): OtherNodes {
  return {
    ask: () => Promise.resolve({ answers, silent }),
    countUser: (_, here) => Promise.resolve(here),
  };
}

const textOf = (worker: number) =>
  `# HELP a A.\n# TYPE a gauge\na{worker="${worker}"} 7\n`;

const help =
  "# HELP taskwire_workers Workers of this server that answered and whose series are included.";

Deno.test("scrapeWorkers() shows all workers in order, and the number of workers", async () => {
  const answers = [3, 1].map((worker) =>
    ({ kind: "metrics", worker, text: textOf(worker) }) as const
  );
  assertEquals(
    await scrapeWorkers(workerOf(8), otherWorkersOf(answers)),
    `# HELP a A.
# TYPE a gauge
a{worker="1"} 7
a{worker="2"} 8
a{worker="3"} 7

${help}
# TYPE taskwire_workers gauge
taskwire_workers 3
`,
  );
});

Deno.test("scrapeWorkers() leaves out silent workers", async () => {
  assertEquals(
    await scrapeWorkers(workerOf(8), otherWorkersOf([], 2)),
    `# HELP a A.
# TYPE a gauge
a{worker="2"} 8

${help}
# TYPE taskwire_workers gauge
taskwire_workers 1
`,
  );
});
