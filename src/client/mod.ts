/**
 * The client for pages, Deno, Node and Bun: no dependency, served by the server
 * as `/client.js`.
 *
 * @module
 */
import { taskIdFault } from "../tasks/task_id.ts";
import {
  type Client,
  type ConnectOptions,
  type TaskUpdate,
  TaskwireError,
} from "./api.ts";
import { FollowedTask } from "./followed_task.ts";
import { Link } from "./link.ts";
import type { LinkContext } from "./link_context.ts";
import { TransportChoice } from "./transport_choice.ts";
import { UpdateQueue } from "./update_queue.ts";

export * from "./api.ts";

/**
 * The most tasks per socket. The server's defaults allow 100 tasks and a burst
 * of 100 messages; a socket over a limit is closed again after every reconnect.
 */
const maxTasksPerLink = 50;

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
 * Creates a client for many tasks. The tasks share sockets, up to 50 tasks per
 * socket; a socket stays open while a task is being watched.
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
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @throws {TypeError} If the URL is invalid.
 */
export function connect(
  url: string | URL,
  options: ConnectOptions = {},
): Client {
  const { transport = "auto", signal: ownSignal } = options;
  const { WebSocket = globalThis.WebSocket, fetch = globalThis.fetch } =
    options;
  const transports = new TransportChoice(WebSocket ? transport : "sse");
  // Only a page has a location to resolve a relative URL against.
  const base = new URL(url, globalThis.location?.href);
  base.hash = ""; // requests carry no fragment, and WebSocket rejects a fragment
  const context: LinkContext = {
    url: base,
    options,
    WebSocket,
    fetch,
    transports,
    spread: (link, kept) => {
      for (const task of [...link.tasks.values()]) {
        if (task.id === kept) continue;
        link.remove(task.id);
        follow(task);
      }
    },
  };
  /** A link per 50 tasks, or a link per task over Server-Sent Events. */
  const links = new Set([new Link(context)]);

  function linkOf(id: string): Link | undefined {
    return [...links].find(({ tasks }) => tasks.has(id));
  }

  function follow(task: FollowedTask): void {
    let link = transports.isStream
      ? undefined
      : [...links].find(({ tasks }) => tasks.size < maxTasksPerLink);
    if (!link) {
      for (const each of links) if (each.tasks.size === 0) links.delete(each);
      links.add(link = new Link(context));
    }
    link.add(task);
  }

  function watch(
    id: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskUpdate> {
    const fault = taskIdFault(id);
    if (fault) throw new TaskwireError("bad_connection_id", fault);
    const signals = [signal, ownSignal].filter((each) => each !== undefined);
    const known = linkOf(id)?.tasks.get(id);
    const task = known ?? new FollowedTask(id);
    const queue = new UpdateQueue(signals, () => {
      const isLast = task.queues.delete(queue) && task.queues.size === 0;
      if (isLast) linkOf(id)?.remove(id);
    });
    if (signals.some(({ aborted }) => aborted)) queue.end();
    else {
      task.join(queue);
      if (!known) follow(task);
    }
    return queue;
  }

  function cancel(id: string): void {
    const link = linkOf(id);
    if (link) link.cancel(id);
    else throw new TaskwireError("not_watched", `${id} is not being watched`);
  }

  function close(): void {
    for (const link of links) {
      for (const task of [...link.tasks.values()]) {
        task.end();
        link.remove(task.id);
      }
    }
  }
  return { watch, cancel, close };
}
