import * as z from "zod";
import { authStatusSchema } from "./frame_schemas.ts";
import {
  connectionIdSchema,
  countSchema,
  timeSchema,
  userIdSchema,
} from "./task_schemas.ts";

/** An open socket or event stream. */
export const connectionSchema = z.object({
  id: z.string().describe("The id of the socket or stream"),
  route: z.string().describe("The name of the route"),
  connection_id: connectionIdSchema.describe(
    "The id in the URL; for the stream of a list, `mine`, `labels` or `tasks`",
  ),
  user_id: userIdSchema.exactOptional().describe(
    "Absent on routes without authentication",
  ),
  auth_status: authStatusSchema.exactOptional(),
  remote_address: z.string(),
  since: timeSchema,
  queued_bytes: countSchema.describe("Bytes waiting to be sent"),
});

const silentNodesSchema = z.int().min(1).exactOptional().describe(
  "The number of nodes that did not answer in time; their data is missing. 1 if no other node can be reached and the number is unknown. Absent if all nodes answered",
);

/** A page of {@linkcode connectionSchema}, of all nodes. */
export const connectionListSchema = z.object({
  connections: z.array(connectionSchema),
  total: countSchema.describe(
    "The number of open connections on all nodes that answered",
  ),
  silent_nodes: silentNodesSchema,
  cursor: z.string().exactOptional().describe(
    "The start of the next page, valid on any node; absent on the last page",
  ),
});

const figures = z.array(z.number().min(0));
const times = z.array(z.number().min(0).nullable());

/** The throughput of all nodes, except those that did not answer. */
export const statsSchema = z.object({
  now: timeSchema,
  started_at: timeSchema.describe("The start time of the oldest node"),
  nodes: z.int().min(2).exactOptional().describe(
    "The number of nodes included; absent for a single node",
  ),
  silent_nodes: silentNodesSchema,
  connections: countSchema,
  totals: z.object({ published: countSchema, delivered: countSchema }).describe(
    "Totals of all nodes since their start",
  ),
  seconds: z.object({
    from: countSchema.describe("The first second, in seconds since 1970"),
    published: figures,
    delivered: figures,
    connections: figures,
    p50_ms: times.describe(
      "The median time from publish to the watchers' sockets, in ms, on the slowest node",
    ),
    p99_ms: times.describe(
      "The 99th percentile of the same time, in ms, on the slowest node",
    ),
  }).describe("Figures per complete second on all nodes, oldest first"),
});

/** The settings and routes of the server. */
export const setupSchema = z.object({
  version: z.string(),
  settings: z.array(z.unknown()).describe(
    "The settings in force, with secrets hidden",
  ),
  websocket_routes: z.array(z.unknown()),
  http_routes: z.array(
    z.object({ path: z.string(), methods: z.array(z.string()) }),
  ),
});
