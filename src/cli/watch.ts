import { Command } from "commander";
import {
  type Task,
  type TaskEvent,
  TaskwireError,
  watchTask,
} from "../client/mod.ts";
import { keepMembers } from "../tasks/snapshot.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { checkTaskId } from "./connection_id.ts";
import { CommandFailure } from "../terminal/failure.ts";
import { LiveDisplay } from "../terminal/live_display.ts";
import { printError, printLine, printRaw } from "../terminal/output.ts";
import { observedWebSocket } from "./observed_socket.ts";
import { serverSettings, serverUrl } from "./server_url.ts";
import { renderTask, type TaskView } from "../terminal/task_line.ts";

/** `taskwire watch`: follows tasks in the terminal until each has ended. */
export function watchCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("watch")
        .description(
          "follow tasks until each has ended; exits 0 if all succeeded, 1 if any failed or was canceled or deleted",
        )
        .argument("<id...>", "the tasks' connection_ids"),
      [...serverSettings, "token"],
    ),
    async action(command) {
      const read = openSettings(command);
      const server = serverUrl(read);
      const { token } = read("token");
      const ids = [...new Set(command.args)];
      for (const id of ids) checkTaskId(id);
      const display = hasCursor() ? liveDisplay(ids) : plainDisplay;
      try {
        const results = await Promise.all(
          ids.map((taskId) => follow({ server, taskId, token, display })),
        );
        return results.every(Boolean) ? 0 : 1;
      } finally {
        display.end();
      }
    },
  };
}

interface FollowOptions {
  readonly server: URL;
  readonly taskId: string;
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
  { server, taskId, token, display }: FollowOptions,
): Promise<boolean> {
  const failing = new AbortController();
  const note = (text: string) => display.note(`${taskId}: ${text}`);
  const fail = (message: string) => failing.abort(new CommandFailure(message));
  let hasOpened = false;
  let reason = "";
  const updates = watchTask(server, taskId, {
    transport: "websocket",
    getToken: () => token,
    signal: failing.signal,
    WebSocket: observedWebSocket({
      onOpen: () => {
        hasOpened = true;
        reason = "";
      },
      onEnd: (words) => reason = words,
      onForeignMessage: () =>
        fail(
          `${taskId}: ${server.origin} sent a message that is no frame of taskwire: check the address and the proxies on the way`,
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
  });
  let task: Partial<Task> = {};
  try {
    for await (const update of updates) {
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
          note("the task was deleted");
          return false;
      }
      const result = resultOf(task);
      if (result !== undefined) return result;
    }
  } catch (error) {
    if (!(error instanceof TaskwireError)) throw error;
    const code = error.closeCode ?? error.code;
    throw new CommandFailure(
      `${taskId}: the server closed the connection for good (${code}): ${error.message}`,
    );
  }
  failing.signal.throwIfAborted();
  return false;
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
  note(line: string): void;
  end(): void;
}

/** A line each time something changes, for pipes and logs. */
const plainDisplay: Display = {
  show: (taskId, task) => printLine(renderTask(taskId, task)),
  showDeleted() {},
  note: printError,
  end() {},
};

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
    note: (line) =>
      Deno.stderr.isTerminal()
        ? display.printAbove(() => printError(line))
        : printError(line),
    end: () => display.end(),
  };
}
