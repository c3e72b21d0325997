import { createMetrics } from "../metrics/create_metrics.ts";
import type { Services } from "../services.ts";
import { reportStats } from "../stats_report.ts";
import type { AnswerSibling } from "./remote_siblings.ts";

/** Answers the other workers of a server out of what this one knows of itself. */
export function createSiblingAnswers(services: Services): AnswerSibling {
  const metrics = createMetrics(services);
  return async (question) =>
    question.kind === "scrape"
      ? { kind: "scrape", text: await metrics.metrics() }
      : { kind: "stats", report: reportStats(services, question.since) };
}
