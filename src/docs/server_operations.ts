import type { Operation } from "./operation.ts";

/** A file or page that anybody may read. */
function open(
  path: string,
  id: string,
  summary: string,
  type: string,
): Operation {
  return {
    method: "get",
    path,
    id,
    tag: "Server",
    summary,
    access: "anybody",
    answers: [{ status: 200, when: "As it is", content: { type } }],
  };
}

/** What the server says of itself, and the pages that it serves (spec §2). */
export const serverOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/healthz",
    id: "readLiveness",
    tag: "Server",
    summary: "Whether the process is alive",
    access: "anybody",
    answers: [{
      status: 200,
      when: "It is",
      content: {
        type: "application/json",
        schema: "Health",
        example: { status: "ok" },
      },
    }],
  },
  {
    method: "get",
    path: "/readyz",
    id: "readReadiness",
    tag: "Server",
    summary: "Whether new work is welcome",
    access: "anybody",
    answers: [{
      status: 200,
      when: "It is",
      content: {
        type: "application/json",
        schema: "Health",
        example: { status: "ready" },
      },
    }],
    problems: ["store_unavailable"],
  },
  {
    method: "get",
    path: "/api/stats",
    id: "readStats",
    tag: "Server",
    summary: "How much all nodes do, in each second of the last 10 minutes",
    access: ["admin"],
    parameters: ["since"],
    answers: [{
      status: 200,
      when: "Sums and seconds",
      content: { type: "application/json", schema: "Stats" },
    }],
    problems: ["bad_query"],
  },
  {
    method: "get",
    path: "/api/config",
    id: "readSetup",
    tag: "Server",
    summary: "The settings in force, and the routes as built",
    access: ["admin"],
    answers: [{
      status: 200,
      when: "Secrets are hidden",
      content: { type: "application/json", schema: "Setup" },
    }],
  },
  {
    ...open(
      "/metrics",
      "readMetrics",
      "Figures for Prometheus, of all workers",
      "text/plain",
    ),
    access: ["admin"],
  },
  open(
    "/openapi.json",
    "readOpenApi",
    "This document (OpenAPI 3.1)",
    "application/json",
  ),
  open(
    "/asyncapi.json",
    "readAsyncApi",
    "The WebSocket routes (AsyncAPI 3.0)",
    "application/json",
  ),
  open("/docs", "readDocs", "Both, as a page", "text/html"),
  open("/", "readPage", "A page to watch a task move", "text/html"),
  open("/console", "readConsole", "The operators' page", "text/html"),
  {
    ...open("/console/{file}", "readConsoleFile", "Its files", "text/css"),
    parameters: ["file"],
    answers: [{
      status: 200,
      when: "As it is",
      content: { type: "*/*" },
    }],
    problems: ["not_found"],
  },
  open("/client.js", "readClient", "The browser client", "text/javascript"),
  open("/client.d.ts", "readClientTypes", "Its types", "text/plain"),
];
