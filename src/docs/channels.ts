import type { ServerFrameName } from "./frame_schemas.ts";
import type { ParameterName } from "./parameters.ts";

/** A WebSocket route, for those who connect to it. */
export interface Channel {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  /** Parameters of the query. */
  readonly query: readonly ParameterName[];
  /** What a client may send: frames, or whatever is echoed. */
  readonly receives: "frames" | "EchoText" | "AnyMessage";
  readonly sends: readonly ServerFrameName[];
}

/** The WebSocket routes (spec §1). */
export const channels: readonly Channel[] = [
  {
    id: "realtime",
    path: "/ws/realtime/{connection_id}",
    summary: "Says who the client is, then streams the task",
    description:
      "First `connected`, and an `error` that says why where a token was not accepted. Then `sync`: where the task stands. Then a `task` frame for each event: the first has the `offset` of `sync` and 1. To resume, connect with the last `epoch` and `offset` seen: with `recovered: true` every later event follows, in order, without gap or duplicate. The id may hold slashes. Ignore types and members that you don't know.",
    query: ["token", "epoch", "offset"],
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
    ],
  },
  {
    id: "simple",
    path: "/ws/ws/simple/{connection_id}",
    summary: "A connection test: text comes back as JSON",
    description:
      "The socket is registered and listed. Each text message is answered with `echo`.",
    query: [],
    receives: "EchoText",
    sends: ["BareConnected", "Echo", "ErrorFrame"],
  },
  {
    id: "test",
    path: "/ws/test/{connection_id}",
    summary: "The barest test: each message comes back as it was",
    description:
      "No authentication. After `connected`, each message, text or binary, comes back byte for byte.",
    query: [],
    receives: "AnyMessage",
    sends: ["BareConnected", "ErrorFrame"],
  },
];
