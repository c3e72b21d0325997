/**
 * Hooks for React 18 and later: tasks and lists of a taskwire server.
 *
 * @example
 * ```tsx ignore
 * import { TaskwireProvider, useTask } from "taskwire/react";
 *
 * function Upload({ id }: { id: string }) {
 *   const { task, connection } = useTask(id);
 *   if (connection === "waiting") return <p>Reconnecting …</p>;
 *   return <progress value={task?.progress ?? 0} />;
 * }
 *
 * <TaskwireProvider url="/"><Upload id="upload_123456" /></TaskwireProvider>
 * ```
 *
 * @module
 */
// @ts-types="@types/react"
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import type { ConnectOptions } from "../api.ts";
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

const ViewsContext = createContext<Views | undefined>(undefined);

/** The properties of {@linkcode TaskwireProvider}. */
export interface TaskwireProviderProps extends ConnectOptions {
  /** The server, such as `https://status.example` or, in a page, `/`. */
  readonly url: string | URL;
  readonly children?: ReactNode;
}

/**
 * Gives the components below one connection to a server. The options are those
 * of `connect`; a changed `getToken` or callback is used from then on, other
 * changes take a new `key`.
 */
export function TaskwireProvider(
  { url, children, ...options }: TaskwireProviderProps,
): ReactElement {
  const newest = useRef(options);
  useEffect(() => {
    newest.current = options;
  });
  const href = String(url);
  const views = useMemo(() => {
    return new Views(href, {
      ...options,
      getToken: () => newest.current.getToken?.(),
      onConnected: (frame) => newest.current.onConnected?.(frame),
      onError: (error) => newest.current.onError?.(error),
      onState: (state) => newest.current.onState?.(state),
    });
  }, [href]);
  return createElement(ViewsContext.Provider, { value: views }, children);
}

/** Options of {@linkcode useTask}. */
export interface UseTaskOptions<Data> {
  /** False to watch nothing. @default {true} */
  readonly enabled?: boolean | undefined;
  /** The shortest time between two renderings, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
  /** Called once the task has succeeded, failed or been canceled. */
  readonly onSettled?: ((task: TaskOf<Data>) => void) | undefined;
  /** The task until the server has answered, for example from a server's rendering. */
  readonly initialTask?: TaskOf<Data> | null | undefined;
}

type TaskOf<Data> = NonNullable<TaskView<Data>["task"]>;

/** A watched task with a way to stop its worker. */
export interface UsedTask<Data> extends TaskView<Data> {
  /**
   * Asks the worker of a private task to stop.
   *
   * @throws {TaskwireError} `not_watched` if the task is not being watched.
   */
  readonly cancel: () => void;
}

/**
 * Watches a task. Renders at most once a frame.
 *
 * @throws {Error} Without a {@linkcode TaskwireProvider} above.
 */
export function useTask<Data = unknown>(
  id: string,
  options: UseTaskOptions<Data> = {},
): UsedTask<Data> {
  const { enabled, throttleMs, onSettled, initialTask = null } = options;
  const views = useViews();
  const view = useMemo(
    () => paced(views.task(id, initialTask), throttleMs),
    // The initial task of a later rendering comes too late.
    [views, id, throttleMs],
  );
  const value = useView(view, enabled) as TaskView<Data>;
  const { task } = value;
  const end = endOf(task);
  // Outlives the repeated effects of a development build.
  const settled = useRef("");
  useEffect(() => {
    if (!task || !end || end === settled.current) return;
    settled.current = end;
    onSettled?.(task);
  });
  const cancel = useCallback(() => views.cancel(id), [views, id]);
  return { ...value, cancel };
}

/** Options of {@linkcode useTasks} beside the query. */
export interface UseTasksOptions {
  /** False to watch nothing. @default {true} */
  readonly enabled?: boolean | undefined;
  /** The shortest time between two renderings, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
}

/**
 * Watches a list of tasks. Renders at most once a frame. An equal query in a
 * new object goes on with the same list.
 *
 * @throws {Error} Without a {@linkcode TaskwireProvider} above.
 */
export function useTasks(
  query: TasksQuery,
  { enabled, throttleMs }: UseTasksOptions = {},
): TasksView {
  const views = useViews();
  const view = useMemo(
    () => paced(views.tasks(query), throttleMs),
    [views, JSON.stringify(query), throttleMs],
  );
  return useView(view, enabled);
}

function useViews(): Views {
  const views = useContext(ViewsContext);
  if (views) return views;
  throw new Error("No <TaskwireProvider> above");
}

function useView<Value>(view: View<Value>, enabled = true): Value {
  const subscribe = useCallback(
    (listener: () => void) => enabled ? view.subscribe(listener) : () => {},
    [view, enabled],
  );
  return useSyncExternalStore(subscribe, view.get, view.get);
}
