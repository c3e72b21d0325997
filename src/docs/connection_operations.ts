import { exampleEpoch, exampleEvent, exampleId } from "./examples.ts";
import type { Operation } from "./operation.ts";

const sseExample = [
  "event: task",
  `data: ${JSON.stringify({ type: "task", ...exampleEvent })}`,
  `id: ${exampleEpoch}:${exampleEvent.offset}`,
  "",
  "",
].join("\n");

/** What an operator does with open sockets (spec §2). */
export const connectionOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/api/connections",
    id: "listConnections",
    tag: "Connections",
    summary: "Lists the open sockets and streams",
    description:
      "Those of all nodes, whichever is asked. A page may be shorter than its limit and not the last: `cursor` tells.",
    access: ["admin"],
    parameters: [
      "of_connection_id",
      "of_user_id",
      "connection_limit",
      "connection_cursor",
    ],
    problems: ["bad_query"],
    answers: [{
      status: 200,
      when: "A page of the open sockets and streams, oldest first",
      content: {
        type: "application/json",
        schema: "ConnectionList",
        example: {
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
      },
    }],
  },
  {
    method: "delete",
    path: "/api/connections/{id}",
    id: "closeConnection",
    tag: "Connections",
    summary: "Closes a socket, with 4409",
    description: "On whichever node it is open.",
    access: ["admin"],
    parameters: ["id"],
    answers: [{ status: 204, when: "It is closed" }],
    problems: ["connection_unknown", "node_silent"],
  },
];

/** How a page watches without a WebSocket, and how a handshake is refused (spec §1, §2). */
export const watchOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/sse/realtime/{connection_id}",
    id: "streamTask",
    tag: "Watch",
    summary: "The stream of /ws/realtime, as Server-Sent Events",
    description:
      "Each event's data is a frame of `/asyncapi.json`. Ends with `event: end` after a terminal status.",
    access: "watcher",
    parameters: ["connection_id", "token", "last_event_id", "epoch", "offset"],
    answers: [
      {
        status: 200,
        when: "The stream",
        content: { type: "text/event-stream", example: sseExample },
      },
      { status: 204, when: "A resume at the end: nothing more will come" },
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
  ...handshakes(),
];

function handshakes(): Operation[] {
  const routes = [
    ["/ws/realtime", "watchTask", "says who the client is, streams the task"],
    ["/ws/ws/simple", "testConnection", "a connection test, echoes as JSON"],
    ["/ws/test", "testEcho", "the barest test, echoes as it came"],
  ] as const;
  return routes.map(([path, id, does]) => ({
    method: "get",
    path: `${path}/{connection_id}`,
    id,
    tag: "Watch",
    summary: `WebSocket: ${does}`,
    description:
      "`/asyncapi.json` describes its frames. A bad token does not end the handshake: it is judged in the open socket.",
    access: id === "watchTask" ? "watcher" : "anybody",
    parameters: id === "watchTask"
      ? ["connection_id", "token", "epoch", "offset"]
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
