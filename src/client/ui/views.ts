import type {
  Client,
  ConnectionState,
  ConnectOptions,
  ListQuery,
  Task,
  TaskList,
  TaskSync,
  TaskUpdate,
} from "../api.ts";
import { isFinal } from "../fold_event.ts";
import { connect, foldEvent, TaskwireError } from "../mod.ts";
import { afterFrame } from "./frame_clock.ts";

/** A value that changes. */
export interface View<Value> {
  /** Returns the present value: the same object until the next change. */
  get(): Value;
  /**
   * Calls a listener after each change.
   *
   * @returns Ends the calls.
   */
  subscribe(listener: () => void): () => void;
}

/** The state of the connection to the server; says nothing about a task. */
export type Connection = ConnectionState["state"];

/** A watched task. */
export interface TaskView<Data = unknown> {
  /** `null` until known, and if nothing has been published. */
  readonly task: (Task & { readonly data?: Data }) | null;
  readonly connection: Connection;
  /** The reason why the task is not watched any more. */
  readonly error: TaskwireError | undefined;
}

/** A list of tasks. */
export interface TasksView {
  /** The tasks, newest change first. */
  readonly tasks: readonly Task[];
  /** False if more tasks match than the limit allows, and before the first list. */
  readonly complete: boolean;
  readonly connection: Connection;
  /** The reason why the list is not updated any more. */
  readonly error: TaskwireError | undefined;
}

/** The query of a list, as for `client.list`. */
export type TasksQuery = ListQuery;

/**
 * The tasks and lists shown by a page, over one client. Watches begin with the
 * first listener of a view and end with the last, so that views can be made
 * freely.
 */
export class Views {
  /** Made by the first watch: a server's rendering watches nothing and has no base for a relative URL. */
  readonly #client: () => Client;
  readonly #onConnection = new Set<() => void>();
  #connection: Connection = "connecting";

  /** @param url See `connect`. */
  constructor(url: string | URL, options: ConnectOptions = {}) {
    let client: Client | undefined;
    this.#client = () =>
      client ??= connect(url, {
        ...options,
        onState: (state) => {
          options.onState?.(state);
          if (state.state === this.#connection) return;
          this.#connection = state.state;
          for (const tell of this.#onConnection) tell();
        },
      });
  }

  /**
   * Makes a view of a task.
   *
   * @param initial The task until the server has answered.
   */
  task(taskId: string, initial: Task | null = null): View<TaskView> {
    // Stands for the state until the first `sync`.
    const unknown = { task: initial } as TaskSync;
    return this.#view<TaskSync, Pick<TaskView, "task">, TaskUpdate>(
      unknown,
      (signal) => this.#client().watch(taskId, { signal }),
      foldUpdate,
      ({ task }) => ({ task }),
    );
  }

  /** Makes a view of a list. */
  tasks(query: TasksQuery): View<TasksView> {
    return this.#view<TaskList, TaskList, TaskList>(
      { tasks: [], complete: false },
      (signal) => this.#client().list(query, { signal }),
      (_, list) => list,
      ({ tasks, complete }) => ({ tasks, complete }),
    );
  }

  /**
   * Asks the worker of a watched, private task to stop.
   *
   * @throws {TaskwireError} `not_watched` if no view of the task has listeners.
   */
  cancel(taskId: string): void {
    this.#client().cancel(taskId);
  }

  #view<State, Part, Update>(
    initial: State,
    watch: (signal: AbortSignal) => AsyncIterable<Update>,
    fold: (state: State, update: Update) => State,
    show: (state: State) => Part,
  ): View<Part & Pick<TaskView, "connection" | "error">> {
    const listeners = new Set<() => void>();
    let state = initial;
    let error: TaskwireError | undefined;
    let controller: AbortController | undefined;
    const make = () => ({
      ...show(state),
      connection: this.#connection,
      error,
    });
    let value = make();

    function tell(): void {
      value = make();
      for (const listener of listeners) listener();
    }

    async function follow({ signal }: AbortController): Promise<void> {
      try {
        for await (const update of watch(signal)) {
          if (signal.aborted) return;
          state = fold(state, update);
          tell();
        }
      } catch (thrown) {
        if (!(thrown instanceof TaskwireError)) throw thrown;
        error = thrown;
        tell();
      }
    }

    return {
      get: () => value,
      subscribe: (listener) => {
        listeners.add(listener);
        if (!controller) {
          // Without listeners the view has not heard of the connection.
          error = undefined;
          value = make();
          this.#onConnection.add(tell);
          follow(controller = new AbortController());
        }
        return () => {
          listeners.delete(listener);
          // A development build of React unsubscribes and subscribes in one turn.
          queueMicrotask(() => {
            if (listeners.size > 0) return;
            this.#onConnection.delete(tell);
            controller?.abort();
            controller = undefined;
          });
        };
      },
    };
  }
}

/**
 * Makes a view for one component: changes at most once a frame.
 *
 * @param throttleMs The shortest time between two changes, in milliseconds.
 */
export function paced<Value>(view: View<Value>, throttleMs = 0): View<Value> {
  let value = view.get();
  let changedAtMs = -Infinity;
  return {
    get: () => value,
    subscribe(listener) {
      let giveUp: (() => void) | undefined;
      const change = () => {
        giveUp = undefined;
        if (value === view.get()) return;
        value = view.get();
        changedAtMs = performance.now();
        listener();
      };
      const wait = () => {
        const dueInMs = changedAtMs + throttleMs - performance.now();
        giveUp ??= afterFrame(change, dueInMs);
      };
      const unsubscribe = view.subscribe(wait);
      wait();
      return () => {
        unsubscribe();
        giveUp?.();
      };
    },
  };
}

/**
 * Identifies the end of an attempt.
 *
 * @returns Empty unless the task has ended, for now.
 */
export function endOf(task: Task | null): string {
  return task && isFinal(task.status)
    ? `${task.connection_id} ${task.epoch} ${task.attempt}`
    : "";
}

function foldUpdate(state: TaskSync, update: TaskUpdate): TaskSync {
  const { task } = state;
  switch (update.type) {
    case "sync":
      return update;
    case "task":
      return { ...state, task: foldEvent(state, update) };
    case "deleted":
      return { ...state, task: null };
    case "cancel_requested":
      return { ...state, task: task && { ...task, cancel_requested: true } };
  }
}
