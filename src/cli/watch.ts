import { Command } from "commander";
import {
  connect,
  type ConnectOptions,
  type ListQuery,
  type Task,
  type TaskEvent,
  TaskwireError,
  watchTask,
} from "../client/mod.ts";
import { listBounds } from "../protocol/client_frames.ts";
import { keepMembers } from "../tasks/snapshot.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { checkTaskId } from "./connection_id.ts";
import { CommandFailure, UsageFailure } from "../terminal/failure.ts";
import { LiveDisplay } from "../terminal/live_display.ts";
import { printError, printLine, printRaw } from "../terminal/output.ts";
import { observedWebSocket } from "./observed_socket.ts";
import { serverSettings, serverUrl } from "./server_url.ts";
import { renderTask, type TaskView } from "../terminal/task_line.ts";

/** `taskwire watch`: follows tasks until each has ended, or a list of tasks. */
export function watchCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("watch")
        .description(
          "follow tasks until each has ended; exits 0 if all succeeded, 1 if any failed or was canceled or deleted. With --mine or --label, follow a list until interrupted by Ctrl-C",
        )
        .argument("[id...]", "the tasks' connection_ids")
        .option("--mine", "follow the private tasks of the token's user")
        .option(
          "--label <label>",
          `follow the tasks with this label; repeated, the tasks with all labels, ${listBounds.labels} at most`,
          (label: string, others: string[]) => [...others, label],
          [],
        ),
      [...serverSettings, "token"],
    ),
    async action(command) {
      const ids = [...new Set(command.args)];
      const query = readQuery(ids, command.opts<ListOptions>());
      const read = openSettings(command);
      const server = serverUrl(read);
      const { token } = read("token");
      for (const id of ids) checkTaskId(id);
      if (query && !token) {
        throw new UsageFailure(
          "a list needs a token: set TASKWIRE_TOKEN ('taskwire token --help' tells how to mint a token)",
        );
      }
      const display = hasCursor() ? liveDisplay(ids) : plainDisplay();
      const context = { server, token, display };
      try {
        if (query) return await followList(query, context);
        const results = await Promise.all(
          ids.map((taskId) => follow(taskId, context)),
        );
        return results.every(Boolean) ? 0 : 1;
      } finally {
        display.end();
      }
    },
  };
}

/** The flags of a list. */
interface ListOptions {
  readonly mine?: true;
  readonly label: readonly string[];
}

/**
 * Returns the query of a list; `undefined` to follow tasks by their ids.
 *
 * @throws {UsageFailure} Unless one of ids, `--mine` and `--label` is given.
 */
function readQuery(
  ids: readonly string[],
  { mine, label: labels }: ListOptions,
): ListQuery | undefined {
  const given = [ids.length > 0, mine, labels.length > 0].filter(Boolean);
  if (given.length !== 1) {
    throw new UsageFailure(
      "give the ids of tasks, --mine or --label, and only one of these",
    );
  }
  if (labels.length > listBounds.labels) {
    throw new UsageFailure(`--label: ${listBounds.labels} labels at most`);
  }
  if (mine) return { mine };
  return labels.length > 0 ? { labels } : undefined;
}

interface FollowContext {
  readonly server: URL;
  readonly token: string | undefined;
  readonly display: Display;
}

/**
 * Shows one task until the task has ended.
 *
 * @returns True if the task has succeeded.
 * @throws {CommandFailure} If the first connection fails, the server ends the
 * watch for good, or a message is no frame of taskwire.
 */
async function follow(
  taskId: string,
  context: FollowContext,
): Promise<boolean> {
  const { server, display } = context;
  const { options, signal } = observe(taskId, context);
  let task: Partial<Task> = {};
  try {
    for await (const update of watchTask(server, taskId, options)) {
      switch (update.type) {
        case "sync":
          task = update.task ?? {};
          display.show(taskId, update.task ?? undefined);
          break;
        case "task":
          task = foldUpdate(task, update);
          display.show(taskId, task);
          break;
        case "deleted":
          display.showDeleted(taskId);
          display.note(`${taskId}: the task was deleted`);
          return false;
      }
      const result = resultOf(task);
      if (result !== undefined) return result;
    }
  } catch (error) {
    throw explain(error, taskId);
  }
  signal.throwIfAborted();
  return false;
}

/**
 * Shows a list. A list has no end.
 *
 * @throws {CommandFailure} If the first connection fails, the server refuses the
 * list, or a message is no frame of taskwire.
 */
async function followList(
  query: ListQuery,
  context: FollowContext,
): Promise<number> {
  const { server, display } = context;
  const { options, signal } = observe("list", context);
  let wasComplete = true;
  try {
    const lists = connect(server, options).list(query);
    for await (const { tasks, complete } of lists) {
      if (wasComplete && !complete) {
        display.note(`list: only the newest ${tasks.length} tasks are shown`);
      }
      wasComplete = complete;
      display.showList(tasks);
    }
  } catch (error) {
    throw explain(error, "list");
  }
  signal.throwIfAborted();
  return 0;
}

/**
 * Makes the options of a client that notes lost and new connections in the display.
 *
 * @param subject The task's id or `list`, before each note.
 * @returns The options, and a signal that is aborted by a failure.
 */
function observe(
  subject: string,
  { server, token, display }: FollowContext,
): { options: ConnectOptions; signal: AbortSignal } {
  const failing = new AbortController();
  const { signal } = failing;
  const note = (text: string) => display.note(`${subject}: ${text}`);
  const fail = (message: string) => failing.abort(new CommandFailure(message));
  let hasOpened = false;
  let reason = "";
  const options: ConnectOptions = {
    transport: "websocket",
    getToken: () => token,
    signal,
    WebSocket: observedWebSocket({
      onOpen: () => {
        hasOpened = true;
        reason = "";
      },
      onEnd: (words) => reason = words,
      onForeignMessage: () =>
        fail(
          `${subject}: ${server.origin} sent a message that is no frame of taskwire: check the address and the proxies on the way`,
        ),
    }),
    onConnected: ({ type, auth_status, user_id }) => {
      if (type === "connected") {
        note(`connected as ${auth_status}, user ${user_id}`);
      }
    },
    onError: ({ code, message }) => note(`${code}: ${message}`),
    onState: ({ state, retryInMs = 0 }) => {
      if (state !== "waiting") return;
      const words = reason || "no answer";
      if (!hasOpened) {
        return fail(`cannot connect to ${server.origin}: ${words}`);
      }
      const seconds = (retryInMs / 1_000).toFixed(1);
      note(`connection lost (${words}); connecting again in ${seconds} s`);
    },
  };
  return { options, signal };
}

/** Returns the failure of the command for the end of a watch or list. */
function explain(error: unknown, subject: string): unknown {
  if (!(error instanceof TaskwireError)) return error;
  const code = error.closeCode ?? error.code;
  return new CommandFailure(
    `${subject}: the server ended the watch for good (${code}): ${error.message}`,
  );
}

/** Adds an event to a task; estimates are those of the newest event. */
function foldUpdate(
  { rate: _, eta: __, ...task }: Partial<Task>,
  update: TaskEvent,
): Partial<Task> {
  return { ...keepMembers(task, update), ...update };
}

/** Returns true if a task has succeeded; `undefined` until the task has ended. */
function resultOf(task: TaskView): boolean | undefined {
  switch (task.status) {
    case "succeeded":
      return true;
    case "failed":
    case "canceled":
      return false;
  }
}

/** Shows tasks, and notes about them. */
interface Display {
  show(taskId: string, task: TaskView | undefined): void;
  showDeleted(taskId: string): void;
  /** Shows exactly these tasks. */
  showList(tasks: readonly Task[]): void;
  note(line: string): void;
  end(): void;
}

/** A line each time something changes, for pipes and logs. */
function plainDisplay(): Display {
  let listed = new Map<string, Task>();
  return {
    show: (taskId, task) => printLine(renderTask(taskId, task)),
    showDeleted() {},
    showList(tasks) {
      const before = listed;
      listed = new Map(tasks.map((task) => [task.connection_id, task]));
      for (const taskId of before.keys()) {
        if (!listed.has(taskId)) printError(`${taskId}: left the list`);
      }
      // The newest change comes last, as in a log.
      for (const [taskId, task] of [...listed].reverse()) {
        if (isChanged(before.get(taskId), task)) {
          printLine(renderTask(taskId, task));
        }
      }
    },
    note: printError,
    end() {},
  };
}

/** False for a task that a fresh list repeats after a lost connection. */
function isChanged(before: Task | undefined, task: Task): boolean {
  return before?.epoch !== task.epoch || before.offset !== task.offset;
}

/** Tells if standard output is a terminal on which lines can be drawn over. */
function hasCursor(): boolean {
  return Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** A line for each task that is drawn over, with all notes above. */
function liveDisplay(ids: readonly string[]): Display {
  const display = new LiveDisplay(ids, {
    size: Deno.consoleSize,
    write: printRaw,
  });
  return {
    show: (taskId, task) => display.show(taskId, task),
    showDeleted: (taskId) => display.showDeleted(taskId),
    showList: (tasks) => display.replace(tasks),
    note: (line) =>
      Deno.stderr.isTerminal()
        ? display.printAbove(() => printError(line))
        : printError(line),
    end: () => display.end(),
  };
}
