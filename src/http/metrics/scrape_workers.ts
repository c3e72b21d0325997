import type { Answer, MetricsAnswer, Peers } from "../../cluster/peers.ts";
import { mergeMetrics } from "./merge_metrics.ts";
import { addGauge, Registry } from "../../metrics/prometheus.ts";

/**
 * Collects the metrics of all workers of a server, and their number. Workers
 * without an answer in time are left out.
 *
 * @param siblings The remaining workers.
 * @returns Prometheus' text format.
 */
export async function scrapeWorkers(
  { metrics, worker }: { readonly metrics: Registry; readonly worker: number },
  siblings: Peers,
): Promise<string> {
  const { answers } = await siblings.ask({ kind: "metrics" });
  const shown = [
    { worker, text: await metrics.metrics() },
    ...answers.filter(isMetrics),
  ].sort((one, other) => one.worker - other.worker);
  const server = new Registry();
  addGauge(server, {
    name: "taskwire_workers",
    help: "Workers of this server that answered and whose series are included.",
    read: () => shown.length,
  });
  const texts = shown.map(({ text }) => text);
  return mergeMetrics([...texts, await server.metrics()]);
}

function isMetrics(answer: Answer): answer is MetricsAnswer {
  return answer.kind === "metrics";
}
