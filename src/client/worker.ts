/**
 * Publishes the progress of background tasks, for Node, Deno and Bun.
 *
 * @example
 * ```ts ignore
 * import { track } from "taskwire/worker";
 *
 * for await (const row of track("import_42", rows, { title: "Import" })) {
 *   await save(row);
 * }
 * ```
 *
 * Reads `TASKWIRE_URL` and `TASKWIRE_API_KEYS`. A background sender batches
 * events and sends them again if the server is away: publishing neither blocks
 * nor fails the job.
 *
 * @module
 */
import { connectWorker, type Task, type TaskOptions } from "./worker/task.ts";

export { Refused } from "./worker/server.ts";
export type { Answer, Settings } from "./worker/server.ts";
export { Canceled, connectWorker } from "./worker/task.ts";
export type { Task, TaskOptions, Update, Worker } from "./worker/task.ts";

const worker = connectWorker();

/**
 * Makes a task on the server of `TASKWIRE_URL`, identified by its
 * `connection_id`.
 */
export function task(id: string, options: TaskOptions = {}): Task {
  return worker.task(id, options);
}

/** Resolves once all events of {@linkcode task} are answered or dropped. */
export function flush(): Promise<void> {
  return worker.flush();
}

/**
 * Runs a loop as a task: publishes the number of items done, and the end. A loop
 * left before the end, by `break` or by an error in the body, has failed; an
 * error that ends the program leaves the task without an end, and so `lost`.
 *
 * @param items The total is the `length` or `size` of the items, if they have one.
 * @throws {Canceled} If the task is asked to stop.
 */
export async function* track<Item>(
  id: string,
  items: Iterable<Item> | AsyncIterable<Item>,
  options: TaskOptions = {},
): AsyncGenerator<Item, void, undefined> {
  const { length, size } = Object(items);
  const tracked = task(id, { total: length ?? size, ...options });
  let current = 0;
  let end = () => tracked.fail("Left before the end");
  tracked.start();
  try {
    for await (const item of items) {
      tracked.signal.throwIfAborted();
      yield item;
      current += 1;
      tracked.update({ current });
    }
    end = () => tracked.succeed();
  } catch (error) {
    end = () => tracked.signal.aborted ? tracked.cancel() : tracked.fail(error);
    throw error;
  } finally {
    end();
  }
}
