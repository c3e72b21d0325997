/** What a task can be; the last three are its end. */
export type TaskStatus =
  | "queued"
  | "running"
  | "lost"
  | "succeeded"
  | "failed"
  | "canceled";

/** What an event says; what it leaves out stays as it was. */
export interface TaskMembers {
  /** The task. */
  readonly connection_id: string;
  /** Position in the task's history: 1, 2, 3, … */
  readonly offset: number;
  readonly event_id: string;
  readonly status: TaskStatus;
  /** 1 for the first try. */
  readonly attempt: number;
  /** When the server took the event: RFC 3339, UTC. */
  readonly timestamp: string;
  /** 0 to 1. */
  readonly progress?: number;
  /** Done so far, in `unit`. */
  readonly current?: number;
  /** To be done in all, in `unit`. */
  readonly total?: number;
  readonly unit?: string;
  /** A sentence for people. */
  readonly message?: string;
  /** What the worker publishes besides, any JSON. */
  readonly data?: unknown;
}

/** A member that `null` clears. */
export type ClearedMember =
  | "progress"
  | "current"
  | "total"
  | "unit"
  | "message"
  | "data";

/** A task: the newest value of each member. */
export interface Task extends TaskMembers {
  /** The life of the history that `offset` counts in. */
  readonly epoch: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Sockets that watched it when the server described it. */
  readonly watchers?: number;
  /** Whether its worker is asked to stop. */
  readonly cancel_requested?: boolean;
}

/** The task as it is: the first update, and one whenever events before it can't be had any more. */
export interface TaskSync {
  readonly type: "sync";
  readonly connection_id: string;
  readonly epoch: string;
  readonly offset: number;
  /** `null` where nothing has been published yet. */
  readonly task: Task | null;
}

/** One event of the task. */
export interface TaskEvent extends TaskMembers {
  readonly type: "task";
  /** Members that the task has no longer: the publisher sent `null`. */
  readonly cleared?: readonly ClearedMember[];
  /** How many events before it this one stands for, since the client was slow. */
  readonly skipped?: number;
}

/** The task is forgotten (it may begin anew), or its worker is asked to stop. */
export interface TaskNotice {
  readonly type: "deleted" | "cancel_requested";
  readonly connection_id: string;
}

/** What a watch yields. */
export type TaskUpdate = TaskSync | TaskEvent | TaskNotice;

/** Who the server takes the client for: on each connection, and after a token was renewed or has ended. */
export interface AuthFrame {
  readonly type: "connected" | "auth";
  readonly user_id: number | string;
  readonly auth_status:
    | "guest"
    | "authenticated"
    | "invalid_token"
    | "auth_error";
}

/** What went wrong; the client goes on wherever that is of use. */
export interface ErrorFrame {
  /** A stable word: one of the server's, or `token_failed`, `network_error`, `cancel_unavailable`. */
  readonly code: string;
  readonly message: string;
  /** The task that it is about, where it is about one. */
  readonly connection_id?: string;
  /** When the server wants the client back, in milliseconds. */
  readonly retry_after_ms?: number;
}

/** How a client reaches the server. */
export type Transport = "websocket" | "sse";

/** Where a connection is; `waiting` is the pause before it is tried again. */
export interface ConnectionState {
  readonly state: "connecting" | "open" | "waiting" | "closed";
  readonly transport: Transport;
  /** How long `waiting` lasts at most, in milliseconds. */
  readonly retryInMs?: number;
}

/** The part of a WebSocket that the client uses. */
export interface SocketLike {
  // deno-lint-ignore no-explicit-any
  onmessage: any;
  // deno-lint-ignore no-explicit-any
  onerror: any;
  // deno-lint-ignore no-explicit-any
  onclose: any;
  send(data: string): void;
  close(): void;
}

/** How a client connects. */
export interface ConnectOptions {
  /**
   * Gives the token to connect with; called again for each connection, before
   * a token ends, and after one was refused. Without it the client is a guest.
   */
  readonly getToken?:
    | (() =>
      | string
      | null
      | undefined
      | Promise<string | null | undefined>)
    | undefined;
  /** Told who the server takes the client for. */
  readonly onConnected?: ((frame: AuthFrame) => void) | undefined;
  /** Told what went wrong. What ends a watch is thrown to its consumer as well. */
  readonly onError?: ((error: ErrorFrame) => void) | undefined;
  /** Told how the connection is. */
  readonly onState?: ((state: ConnectionState) => void) | undefined;
  /**
   * `auto` is WebSocket; Server-Sent Events where a WebSocket was never opened
   * in two attempts, or there is none.
   *
   * @default {"auto"}
   */
  readonly transport?: "auto" | Transport | undefined;
  /**
   * Goes on after the end of a task, over WebSocket: a failed or canceled task
   * may begin another attempt.
   *
   * @default {false}
   */
  readonly staysAfterEnd?: boolean | undefined;
  /** Ends everything, quietly. */
  readonly signal?: AbortSignal | undefined;
  /** @default {globalThis.WebSocket} */
  readonly WebSocket?:
    | (new (url: string, protocols: string[]) => SocketLike)
    | undefined;
  /** @default {globalThis.fetch} */
  readonly fetch?: typeof fetch | undefined;
}

/** Watches tasks of one server. */
export interface Client {
  /**
   * Watches a task, from now on, whether iterated or not: what comes is kept
   * for the consumer, all of it. Leave the loop, or abort, to end it.
   *
   * The iterator ends after the end of the task (`succeeded`, `failed`,
   * `canceled`) unless `staysAfterEnd` is set, and throws a {@linkcode TaskwireError} where the server ends
   * it for good.
   *
   * @throws {TaskwireError} `bad_connection_id`, at once, when no task can have
   * this id.
   */
  watch(
    taskId: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<TaskUpdate>;
  /**
   * Asks the worker of a private task that is being watched to stop: a
   * `cancel_requested` update follows, or an error. Not possible over SSE.
   */
  cancel(taskId: string): void;
  /** Ends all watches, quietly. */
  close(): void;
}

/** Why a watch is over before its task is. */
export class TaskwireError extends Error {
  override readonly name = "TaskwireError";
  /** A stable word for programs: `forbidden`, `authentication_required`, … */
  readonly code: string;
  /**
   * The close code, if the server ended the connection: the one that its error
   * stands for, also over SSE or when the close itself was lost.
   */
  readonly closeCode: number | undefined;

  constructor(code: string, message: string, closeCode?: number) {
    super(message);
    this.code = code;
    this.closeCode = closeCode;
  }
}
