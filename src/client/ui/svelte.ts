/**
 * Reactive tasks and lists of a taskwire server, for Svelte 5.
 *
 * @example
 * ```svelte
 * <script>
 *   import { setTaskwire, useTask } from "taskwire/svelte";
 *   setTaskwire("/"); // in the topmost component
 *   const upload = useTask(() => "upload_123456");
 * </script>
 *
 * <progress value={upload.task?.progress ?? 0}></progress>
 * ```
 *
 * @module
 */
import { getContext, setContext } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import type { ConnectOptions } from "../api.ts";
import { notify } from "../notify.ts";
import {
  type Connection,
  endOf,
  paced,
  type TasksQuery,
  type TasksView,
  type TaskView,
  type View,
  Views,
} from "./views.ts";

export type { Connection, TasksQuery, TasksView, TaskView };

const viewsKey = Symbol("taskwire");

/**
 * Gives the components below one connection to a server.
 *
 * @param url The server, such as `https://status.example` or, in a page, `/`.
 * @param options Those of `connect`.
 */
export function setTaskwire(
  url: string | URL,
  options: ConnectOptions = {},
): void {
  setContext(viewsKey, new Views(url, options));
}

/** Options of {@linkcode useTask}. */
export interface UseTaskOptions<Data> {
  /** Returns false to watch nothing. @default {() => true} */
  readonly enabled?: (() => boolean) | undefined;
  /** The shortest time between two changes, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
  /** Called once the task has succeeded, failed or been canceled. */
  readonly onSettled?: ((task: TaskOf<Data>) => void) | undefined;
  /** The task until the server has answered. */
  readonly initialTask?: TaskOf<Data> | null | undefined;
}

type TaskOf<Data> = NonNullable<TaskView<Data>["task"]>;

/** A watched task, whose members are reactive, with a way to stop its worker. */
export interface UsedTask<Data> extends TaskView<Data> {
  /**
   * Asks the worker of a private task to stop.
   *
   * @throws {TaskwireError} `not_watched` if the task is not being watched.
   */
  readonly cancel: () => void;
}

/**
 * Watches a task, at most one change a frame, while an effect or a template
 * reads a member.
 *
 * @param id Returns the task's id; may depend on state.
 */
export function useTask<Data = unknown>(
  id: () => string,
  options: UseTaskOptions<Data> = {},
): UsedTask<Data> {
  const { enabled, throttleMs, onSettled, initialTask = null } = options;
  const views = useViews();
  let settled = "";
  const read = reader(
    id,
    (taskId) => views.task(taskId, initialTask),
    enabled,
    throttleMs,
    ({ task }) => {
      const end = endOf(task);
      if (!end || end === settled) return;
      settled = end;
      // An error of the function must not stop the other views of the frame.
      notify(onSettled, task as TaskOf<Data>);
    },
  );
  return {
    get task() {
      return read().task as TaskOf<Data> | null;
    },
    get connection() {
      return read().connection;
    },
    get error() {
      return read().error;
    },
    cancel: () => views.cancel(id()),
  };
}

/** Options of {@linkcode useTasks} beside the query. */
export interface UseTasksOptions {
  /** Returns false to watch nothing. @default {() => true} */
  readonly enabled?: (() => boolean) | undefined;
  /** The shortest time between two changes, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
}

/**
 * Watches a list of tasks, at most one change a frame, while an effect or a
 * template reads a member.
 *
 * @param query Returns the query; may depend on state.
 */
export function useTasks(
  query: () => TasksQuery,
  { enabled, throttleMs }: UseTasksOptions = {},
): TasksView {
  const views = useViews();
  const read = reader(
    () => JSON.stringify(query()),
    (text) => views.tasks(JSON.parse(text)),
    enabled,
    throttleMs,
  );
  return {
    get tasks() {
      return read().tasks;
    },
    get complete() {
      return read().complete;
    },
    get connection() {
      return read().connection;
    },
    get error() {
      return read().error;
    },
  };
}

function useViews(): Views {
  const views = getContext<Views | undefined>(viewsKey);
  if (views) return views;
  throw new Error("useTask and useTasks need setTaskwire(url) further up");
}

/**
 * Returns a function that reads the view of a key, and subscribes the reading
 * effect. A new key makes a new view.
 */
function reader<Value>(
  key: () => string,
  make: (key: string) => View<Value>,
  enabled = () => true,
  throttleMs: number | undefined,
  onChange: (value: Value) => void = () => {},
): () => Value {
  let known: { key: string; view: View<Value>; track: () => void } | undefined;
  return () => {
    const wanted = key();
    if (known?.key !== wanted) {
      const view = paced(make(wanted), throttleMs);
      const track = createSubscriber((update) =>
        view.subscribe(() => {
          onChange(view.get());
          update();
        })
      );
      known = { key: wanted, view, track };
    }
    if (enabled()) known.track();
    return known.view.get();
  };
}
