import type { Operation } from "./operation.ts";

/** Describes a public file or page. */
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
    answers: [{ status: 200, when: "The file", content: { type } }],
  };
}

/** Operations for health, settings, metrics, documents and pages (spec §2). */
export const serverOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/healthz",
    id: "readLiveness",
    tag: "Server",
    summary: "Checks that the process is alive",
    access: "anybody",
    answers: [{
      status: 200,
      when: "The check passed",
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
    summary: "Checks that the server accepts new work",
    access: "anybody",
    answers: [{
      status: 200,
      when: "The check passed",
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
    summary:
      "Reads the throughput of all nodes, per second of the last 10 minutes",
    access: ["admin"],
    parameters: ["since"],
    answers: [{
      status: 200,
      when: "Totals, and figures per second",
      content: { type: "application/json", schema: "Stats" },
    }],
    problems: ["bad_query"],
  },
  {
    method: "get",
    path: "/api/config",
    id: "readSetup",
    tag: "Server",
    summary: "Reads the settings in force and the routes",
    access: ["admin"],
    answers: [{
      status: 200,
      when: "The settings, with secrets hidden",
      content: { type: "application/json", schema: "Setup" },
    }],
  },
  {
    ...open(
      "/metrics",
      "readMetrics",
      "Prometheus metrics of all workers",
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
  open("/docs", "readDocs", "Both documents, as a page", "text/html"),
  open(
    "/docs/guide",
    "readGuide",
    "The pages of the guide, each with its first sentence",
    "text/html",
  ),
  {
    ...open(
      "/docs/guide/{page}",
      "readGuidePage",
      "A page of the guide",
      "text/html",
    ),
    parameters: ["page"],
    problems: ["not_found"],
  },
  {
    ...open(
      "/docs/pictures/{picture}",
      "readGuidePicture",
      "A picture of the guide",
      "image/*",
    ),
    parameters: ["picture"],
    problems: ["not_found"],
  },
  open("/", "readPage", "A playground: publish and watch a task", "text/html"),
  open(
    "/playground.js",
    "readPageScript",
    "The playground's script",
    "text/javascript",
  ),
  open("/console", "readConsole", "The operators' console", "text/html"),
  {
    ...open(
      "/console/{file}",
      "readConsoleFile",
      "A file of the console",
      "text/css",
    ),
    parameters: ["file"],
    answers: [{
      status: 200,
      when: "The file",
      content: { type: "*/*" },
    }],
    problems: ["not_found"],
  },
  open("/client.js", "readClient", "The browser client", "text/javascript"),
  open(
    "/client.d.ts",
    "readClientTypes",
    "The types of the browser client",
    "text/plain",
  ),
];
