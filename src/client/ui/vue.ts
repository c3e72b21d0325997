/**
 * Composables for Vue 3: tasks and lists of a taskwire server.
 *
 * @example
 * ```ts ignore
 * import { createApp } from "vue";
 * import { taskwire } from "taskwire/vue";
 *
 * createApp(App).use(taskwire, { url: "/" }).mount("#app");
 * ```
 *
 * In a component:
 *
 * ```ts ignore
 * const { task, connection, cancel } = useTask("upload_123456");
 * ```
 *
 * @module
 */
import {
  computed,
  type ComputedRef,
  inject,
  type InjectionKey,
  type MaybeRefOrGetter,
  type Plugin,
  shallowRef,
  toValue,
  watch,
  watchEffect,
} from "vue";
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

const viewsKey: InjectionKey<Views> = Symbol("taskwire");

/** Options of the plugin: those of `connect`, and the server. */
export interface TaskwireOptions extends ConnectOptions {
  /** The server, such as `https://status.example` or, in a page, `/`. */
  readonly url: string | URL;
}

/** Gives the components of an application one connection to a server. */
export const taskwire: Plugin<[TaskwireOptions]> = {
  install(app, { url, ...options }) {
    app.provide(viewsKey, new Views(url, options));
  },
};

/** Options of {@linkcode useTask}. */
export interface UseTaskOptions<Data> {
  /** False to watch nothing. @default {true} */
  readonly enabled?: MaybeRefOrGetter<boolean> | undefined;
  /** The shortest time between two changes, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
  /** Called once the task has succeeded, failed or been canceled. */
  readonly onSettled?: ((task: TaskOf<Data>) => void) | undefined;
  /** The task until the server has answered. */
  readonly initialTask?: TaskOf<Data> | null | undefined;
}

type TaskOf<Data> = NonNullable<TaskView<Data>["task"]>;

/** The members of a view as separate refs. */
export type RefsOf<Value> = {
  readonly [Name in keyof Value]: ComputedRef<Value[Name]>;
};

/** A watched task with a way to stop its worker. */
export type UsedTask<Data> = RefsOf<TaskView<Data>> & {
  /**
   * Asks the worker of a private task to stop.
   *
   * @throws {TaskwireError} `not_watched` if the task is not being watched.
   */
  readonly cancel: () => void;
};

/**
 * Watches a task, at most one change a frame, until the component is unmounted.
 *
 * @throws {Error} If the application does not use the plugin.
 */
export function useTask<Data = unknown>(
  id: MaybeRefOrGetter<string>,
  options: UseTaskOptions<Data> = {},
): UsedTask<Data> {
  const { enabled = true, throttleMs, onSettled, initialTask = null } = options;
  const views = useViews();
  const { task, connection, error } = useView(
    () => views.task(toValue(id), initialTask),
    ["task", "connection", "error"],
    enabled,
    throttleMs,
  );
  watch(() => endOf(task.value), (end) => {
    if (end && task.value) onSettled?.(task.value as TaskOf<Data>);
  }, { immediate: true });
  return {
    task: task as ComputedRef<TaskOf<Data> | null>,
    connection,
    error,
    cancel: () => views.cancel(toValue(id)),
  };
}

/** Options of {@linkcode useTasks} beside the query. */
export interface UseTasksOptions {
  /** False to watch nothing. @default {true} */
  readonly enabled?: MaybeRefOrGetter<boolean> | undefined;
  /** The shortest time between two changes, in milliseconds. @default {0} */
  readonly throttleMs?: number | undefined;
}

/**
 * Watches a list of tasks, at most one change a frame, until the component is
 * unmounted.
 *
 * @throws {Error} If the application does not use the plugin.
 */
export function useTasks(
  query: MaybeRefOrGetter<TasksQuery>,
  { enabled = true, throttleMs }: UseTasksOptions = {},
): RefsOf<TasksView> {
  const views = useViews();
  return useView(
    () => views.tasks(toValue(query)),
    ["tasks", "complete", "connection", "error"],
    enabled,
    throttleMs,
  );
}

function useViews(): Views {
  const views = inject(viewsKey);
  if (views) return views;
  throw new Error("useTask and useTasks need app.use(taskwire, { url })");
}

function useView<Value extends object>(
  make: () => View<Value>,
  names: readonly (keyof Value)[],
  enabled: MaybeRefOrGetter<boolean>,
  throttleMs: number | undefined,
): RefsOf<Value> {
  const view = computed(() => paced(make(), throttleMs));
  const value = shallowRef(view.value.get());
  // A server's rendering runs no effect with `flush: "post"`.
  watchEffect((onCleanup) => {
    const current = view.value;
    value.value = current.get();
    if (!toValue(enabled)) return;
    onCleanup(current.subscribe(() => value.value = current.get()));
  }, { flush: "post" });
  return Object.fromEntries(
    names.map((name) => [name, computed(() => value.value[name])]),
  ) as RefsOf<Value>;
}
