/* taskwire, MIT License */
/** The status of a task. The last three end the task. */
export type TaskStatus = "queued" | "running" | "lost" | "succeeded" | "failed" | "canceled";
/** The members of an event. An absent member keeps its previous value. */
export interface TaskMembers {
    /** The id of the task. */
    readonly connection_id: string;
    /** Position in the task's history: 1, 2, 3, … */
    readonly offset: number;
    readonly event_id: string;
    readonly status: TaskStatus;
    /** 1 for the first try. */
    readonly attempt: number;
    /** Time at which the server accepted the event: RFC 3339, UTC. */
    readonly timestamp: string;
    /** The name of the task for people. */
    readonly title?: string;
    /** 0 to 1. */
    readonly progress?: number;
    /** Done so far, in `unit`. */
    readonly current?: number;
    /** To be done in all, in `unit`. */
    readonly total?: number;
    readonly unit?: string;
    /** A sentence for people. */
    readonly message?: string;
    /** Further data from the worker: any JSON value. */
    readonly data?: unknown;
}
/** Estimates of the newest event, for a running task that moves. */
export interface TaskEstimates {
    /** Units of `current` per second. */
    readonly rate?: number;
    /** The estimated end: RFC 3339, UTC. */
    readonly eta?: string;
}
/** A member that the worker can clear by publishing `null`. */
export type ClearedMember = "title" | "progress" | "current" | "total" | "unit" | "message" | "data";
/** A task: the newest value of each member. */
export interface Task extends TaskMembers, TaskEstimates {
    /** Identifies the history in which `offset` counts. */
    readonly epoch: string;
    readonly created_at: string;
    readonly updated_at: string;
    /** The time of the first `running` event of this attempt. */
    readonly started_at?: string;
    /** The time of the event that ended the task. */
    readonly ended_at?: string;
    /** The labels by which lists find the task. */
    readonly labels?: readonly string[];
    /** Number of watching sockets when the server sent this state. */
    readonly watchers?: number;
    /** True if the worker has been asked to stop. */
    readonly cancel_requested?: boolean;
}
/**
 * The current state of the task. A watch begins with a `sync`; a further `sync`
 * follows if missed events are no longer available.
 */
export interface TaskSync {
    readonly type: "sync";
    readonly connection_id: string;
    readonly epoch: string;
    readonly offset: number;
    /** `null` if nothing has been published yet. */
    readonly task: Task | null;
}
/** One event of the task. */
export interface TaskEvent extends TaskMembers, TaskEstimates {
    readonly type: "task";
    /** Members that the worker cleared with `null`. */
    readonly cleared?: readonly ClearedMember[];
    /** Number of earlier events merged into this event because the client was slow. */
    readonly skipped?: number;
}
/**
 * `deleted`: the task was deleted (a worker may begin a new one under the same
 * id). `cancel_requested`: the worker was asked to stop.
 */
export interface TaskNotice {
    readonly type: "deleted" | "cancel_requested";
    readonly connection_id: string;
}
/** An update, as yielded by a watch. */
export type TaskUpdate = TaskSync | TaskEvent | TaskNotice;
/**
 * The user that the server has recognized. Sent on every connection, and again
 * after a token was renewed or has expired.
 */
export interface AuthFrame {
    readonly type: "connected" | "auth";
    readonly user_id: number | string;
    readonly auth_status: "guest" | "authenticated" | "invalid_token" | "auth_error";
}
/** A failure. The client retries if a retry can succeed. */
export interface ErrorFrame {
    /**
     * A stable word for programs: an error code of the server, or `token_failed`,
     * `network_error`, `cancel_unavailable` from the client.
     */
    readonly code: string;
    readonly message: string;
    /** The task concerned. Without a task or list, the error concerns the whole connection. */
    readonly connection_id?: string;
    /** Present if the error concerns a list: the client's number of the list. */
    readonly list?: string;
    /** Delay before the next attempt, as requested by the server, in milliseconds. */
    readonly retry_after_ms?: number;
}
/** The transport between client and server. */
export type Transport = "websocket" | "sse";
/** The state of a connection. `waiting` is the pause before the next attempt. */
export interface ConnectionState {
    readonly state: "connecting" | "open" | "waiting" | "closed";
    readonly transport: Transport;
    /** Longest duration of `waiting`, in milliseconds. */
    readonly retryInMs?: number;
}
/** The subset of `WebSocket` used by the client. */
export interface SocketLike {
    onmessage: any;
    onerror: any;
    onclose: any;
    send(data: string): void;
    close(): void;
}
/** Options of a client. */
export interface ConnectOptions {
    /**
     * Returns the token. Called for every connection, before a token expires, and
     * after the server has rejected a token. Without `getToken`, or without a
     * token, the client connects as a guest.
     */
    readonly getToken?: (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
    /** Called with the user that the server has recognized. */
    readonly onConnected?: ((frame: AuthFrame) => void) | undefined;
    /** Called with every error. If an error ends a watch, the watch throws as well. */
    readonly onError?: ((error: ErrorFrame) => void) | undefined;
    /** Called whenever the state of a connection changes. */
    readonly onState?: ((state: ConnectionState) => void) | undefined;
    /**
     * `auto` prefers WebSocket. Server-Sent Events are tried after two failed
     * attempts to open a WebSocket, or if the runtime has no WebSocket.
     *
     * @default {"auto"}
     */
    readonly transport?: "auto" | Transport | undefined;
    /**
     * Keeps watching after a task has ended, because a failed or canceled task may
     * begin a new attempt. Over WebSocket only.
     *
     * @default {false}
     */
    readonly staysAfterEnd?: boolean | undefined;
    /** Ends all watches without an error. */
    readonly signal?: AbortSignal | undefined;
    /** @default {globalThis.WebSocket} */
    readonly WebSocket?: (new (url: string, protocols: string[]) => SocketLike) | undefined;
    /** @default {globalThis.fetch} */
    readonly fetch?: typeof fetch | undefined;
}
/** A query for a list: the user's own private tasks, or all tasks with some labels. */
export type ListQuery = ({
    readonly mine: true;
    readonly labels?: undefined;
} | {
    /** 1 to 4 labels. A task of the list has all of them. */
    readonly labels: readonly string[];
    readonly mine?: undefined;
}) & {
    /** The statuses of the tasks. Any status by default. */
    readonly status?: readonly TaskStatus[] | undefined;
    /**
     * The most tasks, 1 to 500. The most recently changed are listed.
     *
     * @default {100}
     */
    readonly limit?: number | undefined;
};
/** The tasks of a list. */
export interface TaskList {
    /** The task with the newest change comes first. An unchanged task is the same object. */
    readonly tasks: readonly Task[];
    /** False once the server has more tasks than the limit; judged anew after a reconnect. */
    readonly complete: boolean;
}
/** Options of a watch or list. */
export interface WatchOptions {
    /** Ends the iterator without an error. */
    readonly signal?: AbortSignal | undefined;
}
/** Watches tasks of one server. */
export interface Client {
    /**
     * Watches a task. The watch begins with the call: every update is queued until
     * the consumer reads the update. Leave the loop or abort `signal` to stop
     * watching.
     *
     * The iterator ends after the task has `succeeded`, `failed` or been
     * `canceled`, unless `staysAfterEnd` is set. The iterator throws a
     * {@linkcode TaskwireError} if the server ends the watch for good.
     *
     * @throws {TaskwireError} `bad_connection_id`, on the call itself, if the id is
     * not a valid task id.
     */
    watch(taskId: string, options?: WatchOptions): AsyncIterableIterator<TaskUpdate>;
    /**
     * Follows a list: yields the whole list, and again after changes. A consumer
     * slower than the changes skips to the newest list. A list has no end: leave the
     * loop or abort `signal` to stop.
     *
     * The iterator throws a {@linkcode TaskwireError} if the list is refused:
     * `forbidden` to a guest, or if no label is covered by the `labels` claim of the
     * token.
     *
     * @example My tasks
     * ```js ignore
     * const client = connect("/", { getToken });
     * for await (const { tasks } of client.list({ mine: true })) {
     *   element.replaceChildren(...tasks.map(renderTask));
     * }
     * ```
     */
    list(query: ListQuery, options?: WatchOptions): AsyncIterableIterator<TaskList>;
    /**
     * Asks the worker of a watched, private task to stop. A `cancel_requested`
     * update or an error follows. Not possible over Server-Sent Events.
     *
     * @throws {TaskwireError} `not_watched` if the task is not being watched.
     */
    cancel(taskId: string): void;
    /** Ends all watches without an error. */
    close(): void;
}
/** The reason for a watch to end before the task. */
export declare class TaskwireError extends Error {
    readonly name = "TaskwireError";
    /** A stable word for programs: `forbidden`, `authentication_required`, … */
    readonly code: string;
    /**
     * The close code, if the server ended the connection. Otherwise the close code
     * with the same meaning as the error, if any.
     */
    readonly closeCode: number | undefined;
    constructor(code: string, message: string, closeCode?: number);
}
/** True if a task with this status has ended: no other status begins so. */
export declare function isFinal(status?: string): boolean;
/**
 * Adds an event to the state of a task.
 *
 * @param state The `sync` of the watch, with the task after the events before.
 * @returns The task after the event.
 */
export declare function foldEvent({ task, epoch }: TaskSync, event: TaskEvent): Task;
/**
 * Watches one task: yields the current state, then every event exactly once and
 * in order, across lost connections and server restarts, until the task ends.
 *
 * @example In a page
 * ```js ignore
 * import { watchTask } from "/client.js";
 *
 * for await (const update of watchTask("/", "upload_123456")) {
 *   const task = update.type === "sync" ? update.task : update;
 *   if (task?.progress !== undefined) bar.value = task.progress;
 * }
 * ```
 *
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @throws {TypeError} If the URL is invalid.
 * @throws {TaskwireError} `bad_connection_id` if the id is not a valid task id.
 */
export declare function watchTask(url: string | URL, taskId: string, options?: ConnectOptions): AsyncIterableIterator<TaskUpdate>;
/**
 * Creates a client for many tasks and lists, which share sockets, up to 50 tasks
 * per socket. A socket stays open while a task or list is being followed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // Stands for the server in a test of a page.
 * const frames = [
 *   { type: "sync", epoch: "e1", offset: 0, task: null },
 *   { type: "task", epoch: "e1", offset: 1, status: "succeeded" },
 * ];
 * const client = connect("https://status.example", {
 *   transport: "sse",
 *   fetch: () =>
 *     Promise.resolve(
 *       new Response(
 *         frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""),
 *         { headers: { "Content-Type": "text/event-stream" } },
 *       ),
 *     ),
 * });
 * const types = [];
 * for await (const { type } of client.watch("upload_123456")) types.push(type);
 * assertEquals(types, ["sync", "task"]);
 * ```
 *
 * @example A list
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // Stands for the server, as above.
 * const task = { connection_id: "upload_1", updated_at: "2026-11-23T20:21:15Z" };
 * const frames = [
 *   { type: "list", tasks: [], complete: true },
 *   { type: "list_update", task: { ...task, title: "Customers" } },
 * ];
 * const client = connect("https://status.example", {
 *   transport: "sse",
 *   fetch: () =>
 *     Promise.resolve(
 *       new Response(
 *         frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""),
 *         { headers: { "Content-Type": "text/event-stream" } },
 *       ),
 *     ),
 * });
 * for await (const { tasks } of client.list({ mine: true })) {
 *   if (tasks.length === 0) continue;
 *   assertEquals(tasks.map(({ title }) => title), ["Customers"]);
 *   break;
 * }
 * ```
 *
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @throws {TypeError} If the URL is invalid.
 */
export declare function connect(url: string | URL, options?: ConnectOptions): Client;
