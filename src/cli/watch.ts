import { Command } from "commander";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { checkConnectionId } from "./connection_id.ts";
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
      for (const id of ids) checkConnectionId(id);
      const show = Deno.stdout.isTerminal() ? liveDisplay(ids) : printTask;
      const results = await Promise.all(ids.map(async (connectionId) => {
        const options = {
          server,
          connectionId,
          ...(token ? { token } : {}),
        };
        for await (const news of followTask(options)) {
          if (news.kind === "note") {
            printError(`${connectionId}: ${news.text}`);
            continue;
          }
          if (news.kind === "deleted") {
            printError(`${connectionId}: the task was deleted`);
            return false;
          }
          const task = news.kind === "task" ? news.task : undefined;
          show(connectionId, task);
          const result = resultOf(task);
          if (result !== undefined) return result;
        }
        return false;
      }));
      return results.every(Boolean) ? 0 : 1;
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

type Show = (connectionId: string, task: TaskView | undefined) => void;

/** A line each time something changes, for pipes and logs. */
function printTask(connectionId: string, task: TaskView | undefined): void {
  printLine(renderTask(connectionId, task));
}

/** A line a task that is drawn over; cut to the terminal's width. */
function liveDisplay(ids: readonly string[]): Show {
  const tasks = new Map<string, TaskView | undefined>();
  let isDrawn = false;
  return (connectionId, task) => {
    tasks.set(connectionId, task);
    const { columns } = Deno.consoleSize();
    const lines = ids.map((id) =>
      renderTask(id, tasks.get(id)).slice(0, columns - 1)
    );
    const up = isDrawn ? `\x1b[${lines.length}A` : "";
    // Without autowrap: wide characters would make two lines of one.
    const drawing = lines.map((line) => `\r\x1b[2K${line}\n`).join("");
    printRaw(`\x1b[?7l${up}${drawing}\x1b[?7h`);
    isDrawn = true;
  };
}
