import { printable } from "./output.ts";
import type { TaskView } from "./task_stream.ts";

const barWidth = 24;

/**
 * One task as a line: id, bar, per cent, status, amounts, message.
 *
 * @param task `undefined` before its first event.
 */
export function renderTask(
  connectionId: string,
  task: TaskView | undefined,
): string {
  if (task === undefined) return `${connectionId}  waiting for its first event`;
  const { progress, status, attempt, current, total, unit, message } = task;
  const amount = typeof current === "number"
    ? `${current}${typeof total === "number" ? `/${total}` : ""} ${unit ?? ""}`
      .trim()
    : undefined;
  return [
    connectionId,
    renderBar(progress),
    status,
    Number(attempt) > 1 ? `attempt ${attempt}` : undefined,
    amount,
    message,
  ].filter((part) => part !== undefined)
    .map((part) => printable(String(part))).join("  ");
}

/** A bar with its percentage; dots where no progress is known. */
function renderBar(progress: unknown): string {
  if (typeof progress !== "number") return `[${"·".repeat(barWidth)}]    `;
  const filled = Math.floor(progress * barWidth);
  const bar = "█".repeat(filled) + "·".repeat(barWidth - filled);
  return `[${bar}] ${String(Math.floor(progress * 100)).padStart(3)}%`;
}
