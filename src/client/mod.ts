/**
 * The client for pages, Deno, Node and Bun: no dependency, served by the server
 * as `/client.js`.
 *
 * @module
 */
import { taskIdPattern } from "../tasks/task_id.ts";
import {
  type Client,
  type ConnectOptions,
  type ListQuery,
  type TaskList,
  type TaskUpdate,
  TaskwireError,
  type WatchOptions,
} from "./api.ts";
import { FollowedList } from "./followed_list.ts";
import { FollowedTask } from "./followed_task.ts";
import { Link } from "./link.ts";
import type { LinkContext } from "./link_context.ts";
import type { Subscription } from "./subscription.ts";
import type { TransportChoice } from "./transport_choice.ts";
import { createUpdateQueue } from "./update_queue.ts";

export * from "./api.ts";
export { foldEvent } from "./fold_event.ts";

/**
 * The most tasks per socket. The server's defaults allow 100 tasks and a burst
 * of 100 messages; a socket over a limit is closed again after every reconnect.
 */
const maxTasksPerLink = 50;

/** A list joins a socket with fewer subscriptions: the server allows 10 lists per socket. */
const maxListsPerLink = 10;

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
export function watchTask(
  url: string | URL,
  taskId: string,
  options: ConnectOptions = {},
): AsyncIterableIterator<TaskUpdate> {
  return connect(url, options).watch(taskId);
}

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
export function connect(
  url: string | URL,
  options: ConnectOptions = {},
): Client {
  const {
    transport = "auto",
    signal: ownSignal,
    WebSocket = globalThis.WebSocket,
    fetch = globalThis.fetch,
  } = options;
  const transports: TransportChoice = {
    current: WebSocket ? transport : "sse",
    attempts: 0,
  };
  // Only a page has a location to resolve a relative URL against.
  const base = new URL(url, globalThis.location?.href);
  base.hash = ""; // requests carry no fragment, and WebSocket rejects a fragment
  const context: LinkContext = {
    url: base,
    options,
    WebSocket,
    fetch,
    transports,
    follow,
  };
  const links: Link[] = [];
  let lists = 0;
  let closing = new AbortController();

  function find(id: string): FollowedTask | undefined {
    const found = links.map(({ subscriptions }) => subscriptions.get(id));
    // A string is the key of a task.
    return found.find(Boolean) as FollowedTask | undefined;
  }

  function follow(subscription: Subscription): void {
    const max = transports.current === "sse"
      ? 1
      : subscription instanceof FollowedList
      ? maxListsPerLink
      : maxTasksPerLink;
    let link = links.find(({ subscriptions }) => subscriptions.size < max);
    if (!link) links.push(link = new Link(context));
    link.add(subscription);
  }

  function watch(
    id: string,
    { signal }: WatchOptions = {},
  ): AsyncIterableIterator<TaskUpdate> {
    if (!taskIdPattern.test(id)) {
      throw new TaskwireError(
        "bad_connection_id",
        "connection_id: 1 to 256 characters, no control characters, not . or ..",
      );
    }
    const task = find(id) ?? new FollowedTask(id);
    const signals = [signal, ownSignal, closing.signal];
    const queue = createUpdateQueue<TaskUpdate>(signals, () => {
      if (task.leave(queue)) task.link?.remove(task);
    });
    if (queue.isOver) return queue;
    task.join(queue);
    if (!task.link) follow(task);
    return queue;
  }

  function list(
    query: ListQuery,
    { signal }: WatchOptions = {},
  ): AsyncIterableIterator<TaskList> {
    const signals = [signal, ownSignal, closing.signal];
    const queue = createUpdateQueue<TaskList>(signals, () => {
      followed.link?.remove(followed);
    });
    const followed = new FollowedList(++lists, query, queue);
    if (!queue.isOver) follow(followed);
    return queue;
  }

  function cancel(id: string): void {
    const task = find(id);
    if (!task) throw new TaskwireError("not_watched", `${id} is not watched`);
    task.wantsCancel = true;
    task.link?.sendCancel(task);
  }

  function close(): void {
    closing.abort();
    closing = new AbortController();
  }
  return { watch, list, cancel, close };
}
