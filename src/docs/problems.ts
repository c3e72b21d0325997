/** A problem that the HTTP API answers with, for those who meet it. */
export interface ProblemMeaning {
  /** The HTTP statuses that it comes with. */
  readonly statuses: readonly number[];
  readonly when: string;
}

/** Every `code` of a problem (RFC 9457). */
export const problemMeanings = {
  bad_json: { statuses: [400], when: "The body is not JSON" },
  bad_connection_id: {
    statuses: [400],
    when:
      "The connection_id is missing, no text, too long, has a control character or is not UTF-8",
  },
  bad_host: {
    statuses: [400],
    when:
      "The Host header is no host, or names another than the request's target",
  },
  bad_request_target: {
    statuses: [400],
    when: "The request's target is neither a path nor an http URL",
  },
  bad_framing: {
    statuses: [400],
    when: "The body's length is given twice, or by another coding than chunked",
  },
  bad_query: { statuses: [400], when: "A query parameter is out of bounds" },
  body_incomplete: {
    statuses: [400],
    when: "The body did not arrive to its end",
  },
  missing_websocket_key: {
    statuses: [400],
    when: "The handshake has no Sec-WebSocket-Key",
  },
  unauthorized: {
    statuses: [401],
    when: "The request has neither an API key nor a token that verifies",
  },
  authentication_required: {
    statuses: [401],
    when: "This server requires a token that verifies (TASKWIRE_AUTH)",
  },
  insufficient_scope: {
    statuses: [403],
    when: "The token is valid, and its scope claim names none that will do",
  },
  forbidden: {
    statuses: [403],
    when: "This user may not watch this task",
  },
  origin_not_allowed: {
    statuses: [403],
    when: "Pages of this origin may not connect (TASKWIRE_ORIGINS)",
  },
  not_found: { statuses: [404], when: "Nothing is at this path" },
  task_unknown: {
    statuses: [404],
    when: "Nothing is known of this task, or its time is over",
  },
  connection_unknown: { statuses: [404], when: "No open socket has this id" },
  method_not_allowed: {
    statuses: [405],
    when: "Nothing is at this path for this method: `Allow` lists the others",
  },
  body_timeout: {
    statuses: [408],
    when: "The body did not arrive within TASKWIRE_IDLE_TIMEOUT",
  },
  task_finished: {
    statuses: [409],
    when: "The task is over, and this is no higher attempt that may reopen it",
  },
  attempt_outdated: {
    statuses: [409],
    when: "The event is of an earlier attempt than the newest",
  },
  event_id_reserved: {
    statuses: [409],
    when: "The event_id belongs to an event of this task that is yet to come",
  },
  owner_fixed: {
    statuses: [409],
    when: "The event names a user, and the task's first event settled another",
  },
  body_too_large: {
    statuses: [413],
    when: "The body, or the line, is too large",
  },
  unsupported_encoding: {
    statuses: [415],
    when: "The body has a Content-Encoding: send it uncompressed",
  },
  bad_event: {
    statuses: [422],
    when: "The event has a member that is unknown or bad: each is named",
  },
  upgrade_required: {
    statuses: [426],
    when: "This is a WebSocket route: connect with a WebSocket client",
  },
  unsupported_websocket_version: {
    statuses: [426],
    when: "The server speaks WebSocket version 13",
  },
  too_many_requests: {
    statuses: [429],
    when: "This address has too many requests under way",
  },
  too_many_connections: {
    statuses: [429, 503],
    when: "The address, or the server, holds as many connections as it may",
  },
  internal_error: {
    statuses: [500],
    when: "The server failed on this request: its log says why",
  },
  authentication_unavailable: {
    statuses: [503],
    when: "A token is required and can't be checked now",
  },
  node_silent: {
    statuses: [503],
    when:
      "No node that answered has this connection, and others stayed silent: it may be open on one of them",
  },
  too_busy: {
    statuses: [503],
    when: "The server takes or answers too many requests at once",
  },
  draining: { statuses: [503], when: "The server is shutting down" },
  store_unavailable: {
    statuses: [503],
    when: "The store can't be used now, and nothing was changed",
  },
  verifier_unavailable: {
    statuses: [503],
    when: "The token can't be checked now",
  },
} as const satisfies Readonly<Record<string, ProblemMeaning>>;

/** One of the codes in {@linkcode problemMeanings}. */
export type ProblemCode = keyof typeof problemMeanings;
