import { wheelName } from "../http/python_wheel.ts";
import { type Answer, json, type Operation } from "./operation.ts";

/** Describes a route for everybody, unless `more` says otherwise. */
function get(
  path: string,
  id: string,
  summary: string,
  answer: Answer,
  more: Partial<Operation> = {},
): Operation {
  return {
    method: "get",
    path,
    id,
    tag: "Server",
    summary,
    access: "anybody",
    answers: [answer],
    ...more,
  };
}

const file = (type: string): Answer => ({
  status: 200,
  when: "The file",
  content: { type },
});

const page = file("text/html");
const script = file("text/javascript");
const document = file("application/json");

/** Operations for health, settings, metrics, documents and pages (spec §2). */
export const serverOperations: readonly Operation[] = [
  get(
    "/healthz",
    "readLiveness",
    "Checks that the process is alive",
    json("The check passed", "Health", { status: "ok" }),
  ),
  get(
    "/readyz",
    "readReadiness",
    "Checks that the server accepts new work",
    json("The check passed", "Health", { status: "ready" }),
    { problems: ["store_unavailable"] },
  ),
  get(
    "/api/stats",
    "readStats",
    "Reads the throughput of all nodes, per second of the last 10 minutes",
    json("Totals, and figures per second", "Stats"),
    { access: ["admin"], parameters: ["since"], problems: ["bad_query"] },
  ),
  get(
    "/api/config",
    "readSetup",
    "Reads the settings in force and the routes",
    json("The settings, with secrets hidden", "Setup"),
    { access: ["admin"] },
  ),
  get(
    "/api/backup",
    "readBackup",
    "Reads a consistent copy of the SQLite store while it is in use",
    {
      status: 200,
      when: "An SQLite database",
      content: { type: "application/vnd.sqlite3" },
    },
    {
      description:
        "The copy has every event acknowledged before the request. A server started with the copy gives all histories new epochs. The server needs room for the copy beside the database until the answer ends.",
      access: ["admin"],
      problems: ["backup_unsupported", "store_unavailable"],
    },
  ),
  get(
    "/metrics",
    "readMetrics",
    "Prometheus metrics of all workers",
    file("text/plain"),
    { access: ["admin"] },
  ),
  get("/openapi.json", "readOpenApi", "This document (OpenAPI 3.1)", document),
  get(
    "/asyncapi.json",
    "readAsyncApi",
    "The WebSocket routes (AsyncAPI 3.0)",
    document,
  ),
  get("/docs", "readDocs", "Both documents, as a page", page),
  get(
    "/docs/guide",
    "readGuide",
    "The pages of the guide, each with its first sentence",
    page,
  ),
  get("/docs/guide/{page}", "readGuidePage", "A page of the guide", page, {
    parameters: ["page"],
    problems: ["not_found"],
  }),
  get(
    "/docs/pictures/{picture}",
    "readGuidePicture",
    "A picture of the guide",
    file("image/*"),
    { parameters: ["picture"], problems: ["not_found"] },
  ),
  get("/", "readPage", "A playground: publish and watch a task", page),
  get("/playground.js", "readPageScript", "The playground's script", script),
  get("/console", "readConsole", "The operators' console", page),
  get(
    "/console/{file}",
    "readConsoleFile",
    "A file of the console",
    file("*/*"),
    { parameters: ["file"], problems: ["not_found"] },
  ),
  get("/client.js", "readClient", "The browser client", script),
  get(
    "/client.d.ts",
    "readClientTypes",
    "The types of the browser client",
    file("text/plain"),
  ),
  get(
    "/client.tgz",
    "readNpmPackage",
    "The client as an npm package, for `npm install`",
    file("application/gzip"),
  ),
  get(
    `/${wheelName}`,
    "readPythonLibrary",
    "The Python library, for `pip install`",
    file("application/zip"),
  ),
];
