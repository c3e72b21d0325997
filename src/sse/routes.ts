import type { SessionContext } from "../realtime/session.ts";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { originFault, readPageRequest } from "../admission/origin.ts";
import { listEndpoint, realtimeEndpoint } from "../realtime/endpoint.ts";
import { readTaskId } from "../connections/read_task_id.ts";
import { readListRequest } from "./list_request.ts";
import { createStreams, type StreamContext } from "./streams.ts";

/** The parts of the server used to serve event streams of tasks and lists. */
export type SseContext = SessionContext & StreamContext;

/** The lifetime of a preflight answer in the browser's cache, in seconds. */
const preflightMaxAge = 600;

/**
 * Serves `/sse/realtime` and `/sse/list`: the frames of `/ws/realtime` as
 * Server-Sent Events, for clients and proxies without WebSockets (spec §2; HTML
 * §9.2). The same session serves sockets and streams.
 */
export function sseRoutes(services: SseContext): Hono {
  const { config } = services;
  const streamHandler = createStreams(services);
  const findOriginFault = (c: Context) =>
    originFault(readPageRequest(c), config);

  const app = new Hono();
  const admitPages = cors({
    origin: (origin, c) => findOriginFault(c) === undefined ? origin : null,
    allowMethods: ["GET"],
    allowHeaders: ["Authorization", "Last-Event-ID", "Cache-Control"],
    exposeHeaders: ["Retry-After"],
    maxAge: preflightMaxAge,
  });
  app.use("/sse/realtime/*", admitPages);
  app.use("/sse/list", admitPages);
  app.on(
    "GET",
    // The second path matches an empty id, answered like other bad ids.
    ["/sse/realtime/:connection_id{[^]+}", "/sse/realtime/"],
    streamHandler("realtime_sse", (c) => ({
      taskId: readTaskId(c),
      originFault: findOriginFault(c),
      serve: (connection, token) =>
        realtimeEndpoint(connection, services, token),
    })),
  );
  app.get(
    "/sse/list",
    streamHandler("list_sse", (c) => {
      const request = readListRequest(c);
      return {
        taskId: request.list,
        originFault: findOriginFault(c),
        serve: (connection, token) =>
          listEndpoint(connection, services, token, request),
      };
    }),
  );
  return app;
}
