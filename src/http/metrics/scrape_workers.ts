import type {
  Answer,
  MetricsAnswer,
  OtherNodes,
} from "../../cluster/other_nodes.ts";
import { mergeMetrics } from "./merge_metrics.ts";
import { addGauge, Registry } from "../../metrics/prometheus.ts";

/**
 * Collects the metrics of all workers of a server, and their number. Workers
 * without an answer in time are left out.
 *
 * @param otherWorkers The remaining workers.
 * @returns Prometheus' text format.
 */
export async function scrapeWorkers(
  { metrics, worker }: { readonly metrics: Registry; readonly worker: number },
  otherWorkers: OtherNodes,
): Promise<string> {
  const { answers } = await otherWorkers.ask({ kind: "metrics" });
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
