import type { JwtAlgorithm } from "../auth/algorithms.ts";
import type { KeyFile } from "../auth/keys.ts";
import type { Answer, Question } from "../cluster/other_nodes.ts";
import type { Config } from "../config/config.ts";
import type {
  HistorySlice,
  HistoryView,
  ListQuery,
  PublishOutcome,
  TaskAudience,
  TaskList,
  TopicAnnouncement,
} from "../tasks/store.ts";
import type { StreamPosition } from "../tasks/event.ts";
import type { Change } from "../tasks/state.ts";
import type { Topic } from "../tasks/topic.ts";

// Messages between the supervisor and a worker. Both run the same build, so
// messages are not validated.

/** A call of a store method by a worker. */
export type StoreCall =
  | {
    readonly method: "publish";
    readonly taskId: string;
    readonly change: Change;
  }
  /** The publications follow as JSON in texts. */
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
  | {
    readonly method: "forget";
    readonly taskId: string;
    readonly epoch?: string;
  }
  | { readonly method: "backup" }
  /** Removes a copy made for the same worker. */
  | { readonly method: "removeBackup"; readonly path: string };

/** The results of the methods; the JSON of events follows in texts. */
export interface StoreResults {
  readonly publish: PublishOutcome;
  readonly publishAll: readonly SettledOutcome[];
  readonly read: WithoutJson<HistoryView>;
  readonly readEvents: WithoutJson<HistorySlice> | undefined;
  readonly list: TaskList;
  readonly forget: boolean;
  /** The path of the copy. */
  readonly backup: string;
  readonly removeBackup: null;
}

/** A part of a history with offsets in place of events. */
export type WithoutJson<View extends HistorySlice> = Omit<View, "events"> & {
  readonly events: readonly number[];
};

/** An error for another process, which restores the class by name. */
export interface SentError {
  readonly name: string;
  readonly message: string;
}

/** The outcome of one change of a batch. */
export type SettledOutcome =
  | { readonly status: "fulfilled"; readonly value: PublishOutcome }
  | { readonly status: "rejected"; readonly reason: SentError };

/** A worker's start data, kept out of arguments and environment. */
export interface WorkerStart {
  /** Includes the active keys and the port taken by the first worker. */
  readonly config: Config;
  readonly publicKey?: KeyFile;
  /** 1 for the first worker. */
  readonly worker: number;
}

/** A worker's report of listening. */
export interface WorkerReady {
  readonly host: string;
  readonly port: number;
  readonly jwtAlgorithms: readonly JwtAlgorithm[];
  /** The printed table of routes. */
  readonly routes: readonly string[];
}

/** The supervisor's request to a worker to drain and end. */
export interface StopRequest {
  /** The time limit in milliseconds; absent for the drain time. */
  readonly timeoutMs?: number;
}

/** A worker's call, to be answered with a reply. */
export type Call =
  | { readonly kind: "store"; readonly call: StoreCall }
  /** `OtherNodes.ask`; the result has the answers of all other workers. */
  | { readonly kind: "ask"; readonly question: Question }
  /** `OtherNodes.countUser`; the result is the sum. */
  | {
    readonly kind: "count_user";
    readonly userId: string;
    readonly here: number;
  };

/** From a worker to the supervisor. */
export type WorkerMessage =
  | (Call & { readonly id: number })
  /**
   * The number of a task's watchers in the worker. No reply is needed, since a
   * later `read` is processed later.
   */
  | {
    readonly kind: "watch";
    readonly taskId: string;
    readonly watchers: number;
    readonly listeners: number;
  }
  /** No reply is needed either. */
  | {
    readonly kind: "follow";
    readonly topic: Topic;
    readonly isFollowed: boolean;
  }
  /** The answer to a question of another worker. */
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "ready"; readonly ready: WorkerReady }
  /** The worker can't start; the reason is for the operator. */
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
  /** An event of a watched task; the event's JSON follows in texts. */
  | (TaskAudience & {
    readonly kind: "event";
    readonly position: StreamPosition;
    readonly leaseEndsAtMs?: number;
  })
  | {
    readonly kind: "cancel_requested" | "deleted" | "missed";
    readonly taskId: string;
  }
  /** A change of a followed topic's task; the state's JSON follows in texts. */
  | { readonly kind: "topic_changed"; readonly watchers: number }
  | Exclude<TopicAnnouncement, { readonly kind: "topic_changed" }>;
