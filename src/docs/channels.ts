import type { ServerFrameName } from "./schemas/frame_schemas.ts";
import type { ParameterName } from "./parameters.ts";

/** A WebSocket route, described for clients. */
export interface Channel {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  /** Parameters of the query. */
  readonly query: readonly ParameterName[];
  /** The messages a client may send: frames, or any message to be echoed. */
  readonly receives: "frames" | "EchoText" | "AnyMessage";
  readonly sends: readonly ServerFrameName[];
}

/** The WebSocket routes (spec §1). */
export const channels: readonly Channel[] = [
  {
    id: "realtime",
    path: "/ws/realtime/{connection_id}",
    summary: "Authenticates the client, then streams the task",
    description:
      "The server first sends `connected` and, if a token was rejected, an `error` with the reason. Then `sync` gives the state of the task, followed by a `task` frame per event. The first `task` frame has the `offset` of `sync` plus 1. To resume, connect with the last `epoch` and `offset` seen: with `recovered: true`, every later event follows, in order, without gaps or duplicates. With `watch=false` no `sync` is sent, and the id only names the connection: for many tasks over one socket, each by `subscribe`, and for lists of tasks, each by `subscribe_list`: the answer is `list`, followed by `list_update` and `list_remove`. The id may contain slashes. Ignore unknown types and members.",
    query: ["token", "epoch", "offset", "watch"],
    receives: "frames",
    sends: [
      "Connected",
      "ErrorFrame",
      "Sync",
      "TaskEvent",
      "Pong",
      "Auth",
      "TokenExpiring",
      "Unsubscribed",
      "CancelRequested",
      "Deleted",
      "List",
      "ListUpdate",
      "ListRemove",
      "ListUnsubscribed",
    ],
  },
  {
    id: "simple",
    path: "/ws/ws/simple/{connection_id}",
    summary: "A connection test: echoes text as JSON",
    description:
      "The socket is registered and listed. The answer to a text message is `echo`.",
    query: [],
    receives: "EchoText",
    sends: ["BareConnected", "Echo", "ErrorFrame"],
  },
  {
    id: "test",
    path: "/ws/test/{connection_id}",
    summary: "A minimal connection test: echoes every message unchanged",
    description:
      "No authentication. After `connected`, every message, text or binary, is echoed byte for byte.",
    query: [],
    receives: "AnyMessage",
    sends: ["BareConnected", "ErrorFrame"],
  },
];
