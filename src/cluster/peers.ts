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
 * Asks a node to close a connection with 4409, if the connection is open there.
 */
export interface DisconnectQuestion {
  readonly kind: "disconnect";
  /** The connection's id. */
  readonly id: string;
}

/** Asks a node for its throughput. */
export interface StatsQuestion {
  readonly kind: "stats";
  /** The first second requested, in seconds since 1970. */
  readonly since: number;
}

/**
 * Asks a worker for its part of `/metrics`. Only workers of the same server ask
 * this question, since Prometheus scrapes each server separately.
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
   * The connection as `GET /api/connections` shows it, encoded by its own node.
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
  /** Prometheus text format, with the worker as a label of each series. */
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
   * The number of nodes without a reply in 1 s. If no node can be reached, so
   * that nodes can't be counted, the last known number, and at least 1.
   */
  readonly silent: number;
}

/**
 * The other nodes: taskwire processes that serve the same tasks.
 *
 * Neither function throws or rejects: answers that can't be had are left out,
 * since a node keeps serving its own connections without the other nodes.
 */
export interface Peers {
  /** Asks all other nodes at once; takes at most 1 s. */
  ask(question: Question): Promise<Answers>;
  /**
   * Sets the number of a user's connections on this node. The number is
   * absolute, so repeating a call is harmless; calls for the same user count in
   * call order.
   *
   * If two nodes call at the same time, at least one sees the other's number:
   * no user passes a limit by connecting to all nodes at once.
   *
   * @param userId The id as text.
   * @returns The sum of `here` and the numbers last set by other live nodes;
   * only `here` if the other nodes can't be reached in 1 s, so that an outage
   * locks no user out.
   */
  countUser(userId: string, here: number): Promise<number>;
}

/** Stands for the other nodes if a single process serves all tasks. */
export const noPeers: Peers = {
  ask: () => Promise.resolve({ answers: [], silent: 0 }),
  countUser: (_userId, here) => Promise.resolve(here),
};
