import type { StatsHistory, StatsTotals } from "../metrics/throughput.ts";
import type { ConnectionPosition } from "./connection_position.ts";

/** Asks for a page of a node's open connections, oldest first. */
export interface ConnectionsQuestion {
  readonly kind: "connections";
  /** The most connections to list. */
  readonly limit: number;
  /** Lists only connections after this position. */
  readonly after?: ConnectionPosition;
  /** Lists only connections of this task. */
  readonly taskId?: string;
  /** Lists only connections of this user; the id as text. */
  readonly userId?: string;
}

/**
 * Asks a node to close a connection with 4409, if the node has the connection.
 */
export interface DisconnectQuestion {
  readonly kind: "disconnect";
  /** The connection's id. */
  readonly id: string;
}

/** Asks a node for the node's throughput. */
export interface StatsQuestion {
  readonly kind: "stats";
  /** The first second requested, in seconds since 1970. */
  readonly since: number;
}

/**
 * Asks a worker for the worker's part of `/metrics`. Asked only within a server,
 * since Prometheus scrapes every server separately.
 */
export interface MetricsQuestion {
  readonly kind: "metrics";
}

/** A question to other nodes; plain JSON. */
export type Question =
  | ConnectionsQuestion
  | DisconnectQuestion
  | StatsQuestion
  | MetricsQuestion;

/** A connection in the list of a node. */
export interface ListedConnection extends ConnectionPosition {
  /**
   * The connection in the format of `GET /api/connections`, encoded by the
   * connection's node.
   */
  readonly json: string;
}

/** A page of a node's connections. */
export interface ConnectionsAnswer {
  readonly kind: "connections";
  /** The number of connections open on the node, regardless of the filter. */
  readonly total: number;
  /** In order of position. */
  readonly connections: readonly ListedConnection[];
  /**
   * True if later connections were left out; `connections` is not empty then.
   */
  readonly isCut: boolean;
}

/** The answer to a {@linkcode DisconnectQuestion}. */
export interface DisconnectAnswer {
  readonly kind: "disconnect";
  /**
   * True if the node had the connection, and closed the connection.
   */
  readonly isFound: boolean;
}

/** The throughput of a node, or of several nodes together. */
export interface NodeStats {
  /** The start time, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** The number of open connections. */
  readonly connections: number;
  readonly totals: StatsTotals;
  readonly history: StatsHistory;
}

/** The answer to a {@linkcode StatsQuestion}. */
export interface StatsAnswer extends NodeStats {
  readonly kind: "stats";
}

/** The answer to a {@linkcode MetricsQuestion}. */
export interface MetricsAnswer {
  readonly kind: "metrics";
  /** The number of the worker: 1, 2, … */
  readonly worker: number;
  /** Prometheus text format, with the worker as a label of every series. */
  readonly text: string;
}

/** The answer to a {@linkcode Question} of the same kind; plain JSON. */
export type Answer =
  | ConnectionsAnswer
  | DisconnectAnswer
  | StatsAnswer
  | MetricsAnswer;

/** The answers of all other nodes. */
export interface Answers {
  /** The answers received, in no order. */
  readonly answers: readonly Answer[];
  /**
   * The number of nodes without a reply in 1 s. If Redis can't be reached to count
   * nodes, the last known number, and at least 1.
   */
  readonly silent: number;
}

/**
 * The other nodes: taskwire processes serving the same tasks.
 *
 * The functions never throw or reject: missing answers are left out, since a node
 * keeps serving connections without the other nodes.
 */
export interface OtherNodes {
  /** Asks all other nodes at once; takes at most 1 s. */
  ask(question: Question): Promise<Answers>;
  /**
   * Sets the number of a user's connections on this node. The number is
   * absolute: repeating a call is harmless. Calls for the same user count in
   * call order.
   *
   * If two nodes call at the same time, at least one sees the number of both: no
   * user passes a limit by connecting to all nodes at once.
   *
   * @param userId The id as text.
   * @returns The sum of `here` and the numbers last set by other live nodes;
   * only `here` if the nodes can't be reached in 1 s, because an outage must
   * lock no user out.
   */
  countUser(userId: string, here: number): Promise<number>;
}

/** Stands for the other nodes if a single process serves all tasks. */
export const noOtherNodes: OtherNodes = {
  ask: () => Promise.resolve({ answers: [], silent: 0 }),
  countUser: (_userId, here) => Promise.resolve(here),
};
