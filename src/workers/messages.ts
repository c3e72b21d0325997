import type { JwtAlgorithm } from "../auth/algorithms.ts";
import type { KeyFile } from "../auth/keys.ts";
import type { Answer, Question } from "../cluster/peers.ts";
import type { Config } from "../config/config.ts";
import type {
  HistorySlice,
  HistoryView,
  ListQuery,
  PublishOutcome,
  TaskList,
} from "../tasks/store.ts";
import type { StreamPosition } from "../tasks/event.ts";
import type { Change } from "../tasks/state.ts";

// What the supervisor and a worker say to each other. Both are the same build,
// so what comes is what was sent, and isn't validated again.

/** A method of the store, called by a worker. */
export type StoreCall =
  | {
    readonly method: "publish";
    readonly taskId: string;
    readonly change: Change;
  }
  /** Each `Publication` as JSON goes beside it, in texts. */
  | { readonly method: "publishAll" }
  | {
    readonly method: "read";
    readonly taskId: string;
    readonly since?: StreamPosition | "oldest";
    readonly limit?: number;
    readonly enough?: number;
  }
  | {
    readonly method: "readEvents";
    readonly taskId: string;
    readonly since: StreamPosition;
    readonly limit: number;
    readonly enough: number;
  }
  | { readonly method: "list"; readonly query: ListQuery }
  | { readonly method: "forget"; readonly taskId: string };

/** The result of each method; the JSON of a history's events is sent beside the result, in texts. */
export interface StoreResults {
  readonly publish: PublishOutcome;
  readonly publishAll: readonly SettledOutcome[];
  readonly read: WithoutJson<HistoryView>;
  readonly readEvents: WithoutJson<HistorySlice> | undefined;
  readonly list: TaskList;
  readonly forget: boolean;
}

/** A part of a history with the offsets of the events in place of the events. */
export type WithoutJson<View extends HistorySlice> = Omit<View, "events"> & {
  readonly events: readonly number[];
};

/** An error on its way to another process, where it gets its class again by its name. */
export interface SentError {
  readonly name: string;
  readonly message: string;
}

/** What became of one change of a batch. */
export type SettledOutcome =
  | { readonly status: "fulfilled"; readonly value: PublishOutcome }
  | { readonly status: "rejected"; readonly reason: SentError };

/** What a worker needs to begin: nothing of it is in its arguments or environment. */
export interface WorkerStart {
  /** With the keys in force, and the port that the first worker took. */
  readonly config: Config;
  readonly publicKey?: KeyFile;
  /** 1 for the first. */
  readonly worker: number;
}

/** What a worker says once it listens. */
export interface WorkerReady {
  readonly host: string;
  readonly port: number;
  readonly jwtAlgorithms: readonly JwtAlgorithm[];
  /** The routes table, as it is printed. */
  readonly routes: readonly string[];
}

/** A supervisor's wish that a worker drains and ends. */
export interface StopRequest {
  /** How long it may take, in milliseconds; absent for the drain time. */
  readonly timeoutMs?: number;
}

/** What a worker asks, and waits for the result of. */
export type Call =
  | { readonly kind: "store"; readonly call: StoreCall }
  /** `Peers.ask`; the result is what all others said. */
  | { readonly kind: "ask"; readonly question: Question }
  /** `Peers.countUser`; the result is the sum. */
  | {
    readonly kind: "count_user";
    readonly userId: string;
    readonly here: number;
  };

/** From a worker to its supervisor. */
export type WorkerMessage =
  | (Call & { readonly id: number })
  /**
   * How many watch a task there. Nobody waits for a result: a `read` that is
   * sent later is carried out later.
   */
  | {
    readonly kind: "watch";
    readonly taskId: string;
    readonly watchers: number;
  }
  /** To the question of another worker. */
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "ready"; readonly ready: WorkerReady }
  /** It can't begin: the reason is for whoever started the server. */
  | { readonly kind: "failed"; readonly reason: string };

/** From the supervisor to a worker. */
export type SupervisorMessage =
  | { readonly kind: "start"; readonly start: WorkerStart }
  | { readonly kind: "stop"; readonly request: StopRequest }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError }
  | {
    readonly kind: "question";
    readonly id: number;
    readonly question: Question;
  }
  /** An event of a task that the worker watches; its JSON goes beside it. */
  | {
    readonly kind: "event";
    readonly position: StreamPosition;
    readonly owner?: string;
    readonly leaseEndsAtMs?: number;
  }
  | {
    readonly kind: "cancel_requested" | "deleted" | "missed";
    readonly taskId: string;
  };
