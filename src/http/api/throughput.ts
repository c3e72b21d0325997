import type { AuthorizationContext } from "../authorization.ts";
import { Hono } from "hono";
import { readStats } from "../../connections/answer_question.ts";
import { mergeStats } from "../../cluster/merge_throughput.ts";
import type {
  Answer,
  OtherNodes,
  StatsAnswer,
} from "../../cluster/other_nodes.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import type { Throughput } from "../../metrics/throughput.ts";
import { allow, readWhole } from "../request.ts";

/** The parts of the server used to report throughput. */
export interface ThroughputRouteContext extends AuthorizationContext {
  readonly registry: ConnectionRegistry;
  readonly throughput: Throughput;
  readonly otherNodes: OtherNodes;
}

/** A second since 1970. */
const second = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 };

/**
 * Serves `GET /api/stats`: the throughput of all nodes, in total and per second
 * of the last 10 minutes. Any node can be asked. `?since=` (seconds since 1970)
 * leaves out earlier seconds.
 */
export function throughputRoutes(services: ThroughputRouteContext): Hono {
  const { otherNodes } = services;
  const app = new Hono();
  app.get("/", allow(["admin"], services), async function readAll(c) {
    const since = readWhole(c, "since", second);
    const { answers, silent } = await otherNodes.ask({ kind: "stats", since });
    const others = answers.filter(isStats);
    const { startedAtMs, connections, totals, history } = mergeStats(
      readStats(since, services),
      others,
      since,
    );
    const { p50Ms, p99Ms, ...counts } = history;
    return c.json({
      now: new Date().toISOString(),
      started_at: new Date(startedAtMs).toISOString(),
      ...(others.length > 0 ? { nodes: 1 + others.length } : {}),
      ...(silent > 0 ? { silent_nodes: silent } : {}),
      connections,
      totals,
      seconds: { ...counts, p50_ms: p50Ms, p99_ms: p99Ms },
    });
  });
  return app;
}

function isStats(answer: Answer): answer is StatsAnswer {
  return answer.kind === "stats";
}
