import type { Answer, MetricsAnswer, Peers } from "../../cluster/peers.ts";
import { mergeMetrics } from "./merge_metrics.ts";
import { addGauge, Registry } from "../../metrics/prometheus.ts";

/**
 * What all workers of a server show, whichever is asked: each series once of
 * each worker, and how many these are. One that does not answer in time is
 * left out.
 *
 * @param siblings The others.
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
    help: "Workers of this server that answered: those whose series are here.",
    read: () => shown.length,
  });
  const texts = shown.map(({ text }) => text);
  return mergeMetrics([...texts, await server.metrics()]);
}

function isMetrics(answer: Answer): answer is MetricsAnswer {
  return answer.kind === "metrics";
}
