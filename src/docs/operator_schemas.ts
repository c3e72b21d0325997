import { z } from "zod";
import { authStatusSchema } from "./frame_schemas.ts";
import {
  connectionIdSchema,
  countSchema,
  timeSchema,
  userIdSchema,
} from "./task_schemas.ts";

/** An open socket, or a stream of events. */
export const connectionSchema = z.object({
  id: z.string().meta({ description: "Of the socket" }),
  route: z.string().meta({ description: "Its route's name" }),
  connection_id: connectionIdSchema,
  user_id: userIdSchema.exactOptional().meta({
    description: "Left out on routes that know no users",
  }),
  auth_status: authStatusSchema.exactOptional(),
  remote_address: z.string(),
  since: timeSchema,
  queued_bytes: countSchema.meta({
    description: "What waits to be sent to it",
  }),
});

const silentNodesSchema = z.int().min(1).exactOptional().meta({
  description:
    "How many other nodes did not answer in time: what is there is missing. 1 where none can be reached and their number is not known. Left out where all answered",
});

/** A page of {@linkcode connectionSchema}, of all nodes; an id means the same to each of them. */
export const connectionListSchema = z.object({
  connections: z.array(connectionSchema),
  total: countSchema.meta({
    description: "Of all that are open, on the nodes that answered",
  }),
  silent_nodes: silentNodesSchema,
  cursor: z.string().exactOptional().meta({
    description:
      "Where the next page begins, on whichever node; left out on the last",
  }),
});

const figures = z.array(z.number().min(0));
const times = z.array(z.number().min(0).nullable());

/** How much all nodes do; where some are silent, those that answered. */
export const statsSchema = z.object({
  now: timeSchema,
  started_at: timeSchema.meta({
    description: "When the oldest of the nodes began",
  }),
  nodes: z.int().min(2).exactOptional().meta({
    description: "How many nodes the figures are of; left out for one",
  }),
  silent_nodes: silentNodesSchema,
  connections: countSchema,
  totals: z.object({ published: countSchema, delivered: countSchema }).meta({
    description: "Sums over the nodes, each since it began",
  }),
  seconds: z.object({
    from: countSchema.meta({
      description: "The first second, in seconds since 1970",
    }),
    published: figures,
    delivered: figures,
    connections: figures,
    p50_ms: times.meta({
      description:
        "Half of the events were with the sockets of their watchers in this time, in ms; of the slowest node",
    }),
    p99_ms: times.meta({
      description: "The same for 99 % of the events; of the slowest node",
    }),
  }).meta({
    description:
      "A figure for each second that is over on all nodes, oldest first",
  }),
});

/** What is set, and which routes there are. */
export const setupSchema = z.object({
  version: z.string(),
  settings: z.array(z.unknown()).meta({
    description: "What is in force, secrets hidden",
  }),
  websocket_routes: z.array(z.unknown()),
  http_routes: z.array(
    z.object({ path: z.string(), methods: z.array(z.string()) }),
  ),
});
