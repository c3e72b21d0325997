import type { ProblemCode } from "../protocol/problem.ts";

/** When the HTTP API answers with each problem. */
export const problemMeanings: Readonly<Record<ProblemCode, string>> = {
  bad_json: "The body is not JSON",
  bad_connection_id:
    "The connection_id is missing, no text, too long, has a control character or is not UTF-8",
  bad_host:
    "The Host header is no host, or names another than the request's target",
  bad_request_target: "The request's target is neither a path nor an http URL",
  bad_framing:
    "The body's length is given twice, or by another coding than chunked",
  client_gone: "The client reset its connection during the handshake",
  bad_query: "A query parameter is out of bounds",
  body_incomplete: "The body did not arrive to its end",
  missing_websocket_key: "The handshake has no Sec-WebSocket-Key",
  unauthorized: "The request has neither an API key nor a token that verifies",
  authentication_required:
    "This server requires a token that verifies (TASKWIRE_AUTH)",
  insufficient_scope:
    "The token is valid, and its scope claim names none that will do",
  forbidden: "This user may not watch this task",
  origin_not_allowed: "Pages of this origin may not connect (TASKWIRE_ORIGINS)",
  not_found: "Nothing is at this path",
  task_unknown: "Nothing is known of this task, or its time is over",
  connection_unknown: "No open socket has this id",
  method_not_allowed:
    "Nothing is at this path for this method: `Allow` lists the others",
  body_timeout: "The body did not arrive within TASKWIRE_IDLE_TIMEOUT",
  task_finished:
    "The task is over, and this is no higher attempt that may reopen it",
  attempt_outdated: "The event is of an earlier attempt than the newest",
  event_id_reserved:
    "The event_id belongs to an event of this task that is yet to come",
  owner_fixed:
    "The event names a user, and the task's first event settled another",
  body_too_large: "The body, or the line, is too large",
  unsupported_encoding: "The body has a Content-Encoding: send it uncompressed",
  bad_event: "The event has a member that is unknown or bad: each is named",
  upgrade_required:
    "This is a WebSocket route: connect with a WebSocket client",
  unsupported_websocket_version: "The server speaks WebSocket version 13",
  too_many_requests: "This address has too many requests under way",
  too_many_connections:
    "The address, or the server, holds as many connections as it may",
  internal_error: "The server failed on this request: its log says why",
  authentication_unavailable: "A token is required and can't be checked now",
  node_silent:
    "No node that answered has this connection, and others stayed silent: it may be open on one of them",
  too_busy: "The server takes or answers too many requests at once",
  draining: "The server is shutting down",
  store_unavailable: "The store can't be used now, and nothing was changed",
  verifier_unavailable: "The token can't be checked now",
};
