import type { StatsHistory, StatsTotals } from "../metrics/throughput.ts";
import type { ConnectionPosition } from "./connection_position.ts";

/** Asks for a page of a node's open connections, oldest first. */
export interface ConnectionsQuestion {
  readonly kind: "connections";
  /** How many at most. */
  readonly limit: number;
  /** Only later ones. */
  readonly after?: ConnectionPosition;
  /** Only those of this task. */
  readonly taskId?: string;
  /** Only those of this user, as text. */
  readonly userId?: string;
}

/** Asks a node to close a connection with 4409, if it is there. */
export interface DisconnectQuestion {
  readonly kind: "disconnect";
  /** The connection's own id. */
  readonly id: string;
}

/** Asks a node how much it does. */
export interface StatsQuestion {
  readonly kind: "stats";
  /** The first second that is asked for, in seconds since 1970. */
  readonly since: number;
}

/**
 * Asks a worker what `/metrics` shows of it. For the workers of one server:
 * Prometheus scrapes each server by itself.
 */
export interface MetricsQuestion {
  readonly kind: "metrics";
}

/** What one node asks the others; plain JSON. */
export type Question =
  | ConnectionsQuestion
  | DisconnectQuestion
  | StatsQuestion
  | MetricsQuestion;

/** A connection as another node lists it. */
export interface ListedConnection extends ConnectionPosition {
  /** As `GET /api/connections` shows it: encoded once, where it is open. */
  readonly json: string;
}

/** A page of a node's connections. */
export interface ConnectionsAnswer {
  readonly kind: "connections";
  /** How many are open on the node, whichever were asked for. */
  readonly total: number;
  /** In the order of their positions. */
  readonly connections: readonly ListedConnection[];
  /** Whether later ones were left out. Where it is so, `connections` is not empty. */
  readonly isCut: boolean;
}

/** What came of a {@linkcode DisconnectQuestion}. */
export interface DisconnectAnswer {
  readonly kind: "disconnect";
  /** Whether the connection was here; it is closed then. */
  readonly isFound: boolean;
}

/** How much a node does, or several do. */
export interface NodeStats {
  /** When it began, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** How many connections are open. */
  readonly connections: number;
  readonly totals: StatsTotals;
  readonly history: StatsHistory;
}

/** What a {@linkcode StatsQuestion} is answered with. */
export interface StatsAnswer extends NodeStats {
  readonly kind: "stats";
}

/** What a {@linkcode MetricsQuestion} is answered with. */
export interface MetricsAnswer {
  readonly kind: "metrics";
  /** Which worker it is: 1, 2, … */
  readonly worker: number;
  /** In Prometheus' text format, the worker a label of each series. */
  readonly text: string;
}

/** What a node answers to a {@linkcode Question} of the same kind; plain JSON. */
export type Answer =
  | ConnectionsAnswer
  | DisconnectAnswer
  | StatsAnswer
  | MetricsAnswer;

/** What all the other nodes said. */
export interface Answers {
  /** One of each node that answered, in no order. */
  readonly answers: readonly Answer[];
  /**
   * How many did not, in 1 s. Where none can be reached, and so not be
   * counted, as many as were last known, and 1 at least.
   */
  readonly silent: number;
}

/**
 * The other nodes: the taskwire processes that serve the same tasks.
 *
 * Neither function throws or rejects: what can't be learned is left out, since
 * a node goes on serving its own connections without the others.
 */
export interface Peers {
  /** Asks all others at once; takes no longer than 1 s. */
  ask(question: Question): Promise<Answers>;
  /**
   * Tells how many connections a user has on this node now. It is a number and
   * not a change, so that repeating it is harmless; calls about one user count
   * in the order in which they are made.
   *
   * Of two nodes that tell at the same time, one at least learns of the other:
   * a limit is not passed by connecting everywhere at once.
   *
   * @param userId The id as text.
   * @returns `here`, and what the other live nodes last told; `here` alone
   * where they can't be reached in 1 s, so that an outage locks nobody out.
   */
  countUser(userId: string, here: number): Promise<number>;
}

/** No other nodes: one process serves all. */
export const noPeers: Peers = {
  ask: () => Promise.resolve({ answers: [], silent: 0 }),
  countUser: (_userId, here) => Promise.resolve(here),
};
