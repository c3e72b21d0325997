import { Command } from "commander";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { checkTaskId } from "./connection_id.ts";
import { LiveDisplay } from "./live_display.ts";
import { printError, printLine, printRaw } from "./output.ts";
import { serverSettings, serverUrl } from "./server_url.ts";
import { renderTask } from "./task_line.ts";
import { followTask, type TaskView } from "./task_stream.ts";

/** `taskwire watch`: follows tasks in the terminal until each has ended. */
export function watchCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("watch")
        .description(
          "follow tasks; exits 0 when all have succeeded, 1 when one has failed or was canceled",
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
      const watch = async (taskId: string): Promise<boolean> => {
        const options = {
          server,
          taskId,
          ...(token ? { token } : {}),
        };
        for await (const news of followTask(options)) {
          if (news.kind === "note") {
            display.note(`${taskId}: ${news.text}`);
            continue;
          }
          if (news.kind === "deleted") {
            display.showDeleted(taskId);
            display.note(`${taskId}: the task was deleted`);
            return false;
          }
          const task = news.kind === "task" ? news.task : undefined;
          display.show(taskId, task);
          const result = resultOf(task);
          if (result !== undefined) return result;
        }
        return false;
      };
      try {
        const results = await Promise.all(ids.map(watch));
        return results.every(Boolean) ? 0 : 1;
      } finally {
        display.end();
      }
    },
  };
}

/** Whether a task has succeeded; `undefined` while it goes on. */
function resultOf(task: TaskView | undefined): boolean | undefined {
  switch (task?.status) {
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
