import type { ProblemCode } from "../../protocol/problem.ts";
import { noSuchTask } from "../../tasks/state.ts";

/** The conditions of the HTTP API's problems. */
export const problemMeanings: Readonly<Record<ProblemCode, string>> = {
  bad_json: "The body is not JSON",
  bad_connection_id:
    "The connection_id is missing, is not text, is too long, has a control character or is not UTF-8",
  bad_host:
    "The Host header is not a host name, or differs from the request's target",
  bad_request_target: "The request's target is neither a path nor an http URL",
  bad_framing:
    "The body's length is given twice, or with a coding other than chunked",
  client_gone: "The client reset its connection during the handshake",
  bad_query: "A query parameter is out of bounds",
  body_incomplete: "The connection broke before the end of the body",
  missing_websocket_key: "The handshake has no Sec-WebSocket-Key",
  unauthorized: "The request has no valid API key or token",
  authentication_required:
    "A valid token is required: by this server (TASKWIRE_AUTH), or for a list",
  insufficient_scope:
    "The token is valid, but its scope claim has none of the required scopes",
  forbidden: "This user may not watch this task, or see this list",
  origin_not_allowed: "Pages of this origin may not connect (TASKWIRE_ORIGINS)",
  task_not_allowed:
    "The token's tasks and labels claims do not cover this task, or the route needs a token without these claims",
  not_found: "There is no route for this path",
  task_unknown: noSuchTask,
  connection_unknown: "No open socket has this id",
  method_not_allowed:
    "The path does not support this method: `Allow` lists the supported methods",
  body_timeout: "The body did not arrive within TASKWIRE_IDLE_TIMEOUT",
  task_finished:
    "The task has ended, and only an event with a higher attempt can reopen a failed or canceled task",
  attempt_outdated: "The event belongs to an earlier attempt than the newest",
  event_id_reserved: "The event_id is reserved for a future event of this task",
  owner_fixed:
    "The event names a user other than the user set by the task's first event",
  labels_fixed:
    "The event has labels other than the labels set by the task's first event",
  backup_unsupported: "The store is not an SQLite file (TASKWIRE_STORE)",
  body_too_large: "The body, or the line, is too large",
  unsupported_encoding: "The body has a Content-Encoding: send it uncompressed",
  bad_event: "The event has unknown or bad members, named in the detail",
  lease_too_short: "The lease would end before the wait",
  upgrade_required:
    "This is a WebSocket route: connect with a WebSocket client",
  unsupported_websocket_version:
    "The server supports only WebSocket version 13",
  too_many_requests: "This address has too many requests under way",
  too_many_connections:
    "The address or the server has reached its connection limit",
  internal_error: "The server failed on this request: see the server's log",
  authentication_unavailable:
    "A token is required, and tokens can't be checked now",
  node_silent:
    "Not all nodes answered, and the connection may be open on a node that did not",
  too_busy: "The server is handling too many requests at once",
  draining: "The server is shutting down",
  store_unavailable:
    "The store can't be used now: the detail tells if the event may have been stored",
  verifier_unavailable: "Tokens can't be checked now",
};
