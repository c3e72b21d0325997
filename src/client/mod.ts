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
 * A socket may watch 100 tasks, and send 100 messages at once by default, a
 * `subscribe` for each task; beyond that it is closed, each time anew.
 */
const maxTasksPerLink = 50;

/**
 * Watches one task: yields it as it is, then each event once, in order, over
 * lost connections and restarted servers, until it is over.
 *
 * @example
 * ```js
 * import { watchTask } from "/client.js";
 *
 * for await (const update of watchTask("/", "upload_123456")) {
 *   const task = update.type === "sync" ? update.task : update;
 *   if (task?.progress !== undefined) bar.value = task.progress;
 * }
 * ```
 *
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @throws {TypeError} When the URL is none.
 * @throws {TaskwireError} `bad_connection_id`, when no task can have this id.
 */
export function watchTask(
  url: string | URL,
  taskId: string,
  options: ConnectOptions = {},
): AsyncIterableIterator<TaskUpdate> {
  return connect(url, options).watch(taskId);
}

/**
 * Makes a client that watches many tasks over one socket, or one for every 50,
 * open while there are any.
 *
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @throws {TypeError} When the URL is none.
 */
export function connect(
  url: string | URL,
  options: ConnectOptions = {},
): Client {
  const { transport = "auto", signal: ownSignal } = options;
  const { WebSocket = globalThis.WebSocket, fetch = globalThis.fetch } =
    options;
  const transports = new TransportChoice(WebSocket ? transport : "sse");
  // Only a page has a place that a relative URL is relative to.
  const base = new URL(url, globalThis.location?.href);
  base.hash = ""; // no request has one, and a WebSocket refuses it
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
  /** One for every 50 tasks, or over Server-Sent Events one for each. */
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
