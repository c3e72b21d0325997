import {
  exampleEpoch,
  exampleEvent,
  exampleId,
  listExample,
} from "./examples.ts";
import { json, type Operation } from "./operation.ts";

const sseExample = [
  "event: task",
  `data: ${JSON.stringify({ type: "task", ...exampleEvent })}`,
  `id: ${exampleEpoch}:${exampleEvent.offset}`,
  "",
  "",
].join("\n");

/** Operations on open sockets, for operators (spec §2). */
export const connectionOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/api/connections",
    id: "listConnections",
    tag: "Connections",
    summary: "Lists the open sockets and streams",
    description:
      "Lists the connections of all nodes; any node can be asked. A page shorter than `limit` is not necessarily the last: follow `cursor` while present.",
    access: ["admin"],
    parameters: [
      "of_connection_id",
      "of_user_id",
      "connection_limit",
      "connection_cursor",
    ],
    problems: ["bad_query"],
    answers: [
      json(
        "A page of the open sockets and streams, oldest first",
        "ConnectionList",
        {
          connections: [{
            id: "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c11",
            route: "realtime_websocket",
            connection_id: exampleId,
            user_id: 42,
            auth_status: "authenticated",
            remote_address: "203.0.113.7",
            since: "2026-11-23T20:20:40.511Z",
            queued_bytes: 0,
          }],
          total: 1,
        },
      ),
    ],
  },
  {
    method: "delete",
    path: "/api/connections/{id}",
    id: "closeConnection",
    tag: "Connections",
    summary: "Closes a socket or stream, with 4409",
    description: "Any node can be asked, wherever the socket is open.",
    access: ["admin"],
    parameters: ["id"],
    answers: [{ status: 204, when: "The socket is closed" }],
    problems: ["connection_unknown", "node_silent"],
  },
];

/** Operations for watching over SSE, and handshakes (spec §1, §2). */
export const watchOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/sse/realtime/{connection_id}",
    id: "streamTask",
    tag: "Watch",
    summary: "The stream of /ws/realtime, as Server-Sent Events",
    description:
      "The data of each event is a frame described in `/asyncapi.json`. The stream ends with `event: end` after a terminal status.",
    access: "watcher",
    parameters: ["connection_id", "token", "last_event_id", "epoch", "offset"],
    answers: [
      {
        status: 200,
        when: "The stream",
        content: { type: "text/event-stream", example: sseExample },
      },
      {
        status: 204,
        when:
          "Resumed after the last event of a finished task: no events will follow",
      },
    ],
    problems: [
      "bad_connection_id",
      "authentication_required",
      "forbidden",
      "origin_not_allowed",
      "method_not_allowed",
      "too_many_connections",
      "authentication_unavailable",
      "store_unavailable",
    ],
  },
  {
    method: "get",
    path: "/sse/list",
    id: "streamList",
    tag: "Watch",
    summary: "A list of tasks and the changes, as Server-Sent Events",
    description:
      "The data of each event is a frame described in `/asyncapi.json`: after `connected` comes `list` with the matching tasks, then `list_update` for each task that has changed or now matches, and `list_remove` for each task that does not belong to the list any more. The list is named `mine` or `labels`, and so is the connection. Labels need a token with a `labels` claim that covers one of them. Events have no `id`: after a reconnect, a new `list` replaces all tasks. The stream ends with an `error` when the token expires.",
    access: "user",
    parameters: ["mine", "list_label", "list_status", "list_limit", "token"],
    answers: [{
      status: 200,
      when: "The stream",
      content: { type: "text/event-stream", example: listExample("mine") },
    }],
    problems: [
      "bad_query",
      "authentication_required",
      "forbidden",
      "origin_not_allowed",
      "method_not_allowed",
      "too_many_connections",
      "authentication_unavailable",
      "store_unavailable",
    ],
  },
  ...handshakes(),
];

function handshakes(): Operation[] {
  const routes = [
    [
      "/ws/realtime",
      "watchTask",
      "authenticates the client, then streams the task",
    ],
    [
      "/ws/ws/simple",
      "testConnection",
      "a connection test: echoes text as JSON",
    ],
    [
      "/ws/test",
      "testEcho",
      "a minimal connection test: echoes every message unchanged",
    ],
  ] as const;
  return routes.map(([path, id, does]) => ({
    method: "get",
    path: `${path}/{connection_id}`,
    id,
    tag: "Watch",
    summary: `WebSocket: ${does}`,
    description:
      "`/asyncapi.json` describes the frames. A bad token does not fail the handshake: the token is checked in the open socket.",
    access: id === "watchTask" ? "watcher" : "anybody",
    parameters: id === "watchTask"
      ? ["connection_id", "token", "epoch", "offset", "watch"]
      : ["connection_id"],
    answers: [{ status: 101, when: "The socket is open" }],
    problems: [
      "bad_connection_id",
      "missing_websocket_key",
      "upgrade_required",
      "unsupported_websocket_version",
      "too_many_connections",
    ],
  }));
}
