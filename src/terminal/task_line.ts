import { formatRate, formatTimeLeft } from "../console/estimates.js";
import { printable } from "./output.ts";

/** The displayed members of a task. */
export interface TaskView {
  readonly status?: string;
  readonly attempt?: number;
  readonly progress?: number;
  readonly current?: number;
  readonly total?: number;
  readonly unit?: string;
  readonly message?: string;
  /** Units of `current` per second. */
  readonly rate?: number;
  /** The estimated end: RFC 3339. */
  readonly eta?: string;
}

const barWidth = 24;

/** The largest rounding error of a quotient such as 29/100, times the number of steps. */
const epsilon = 1e-6;

/**
 * Renders a task as a line: id, bar, per cent, status, amounts, rate, time left,
 * message.
 *
 * @param task `undefined` before its first event.
 */
export function renderTask(
  taskId: string,
  task: TaskView | undefined,
): string {
  if (task === undefined) {
    return printable(`${taskId}  waiting for its first event`);
  }
  const {
    progress,
    status,
    attempt,
    current,
    total,
    unit,
    message,
    rate,
    eta,
  } = task;
  const amount = current === undefined
    ? undefined
    : `${current}${total === undefined ? "" : `/${total}`} ${unit ?? ""}`
      .trim();
  return [
    taskId,
    renderBar(status === "succeeded" ? 1 : progress),
    status,
    attempt !== undefined && attempt > 1 ? `attempt ${attempt}` : undefined,
    amount,
    rate === undefined ? undefined : formatRate(rate, unit),
    eta === undefined
      ? undefined
      : formatTimeLeft(Date.parse(eta) - Date.now()),
    message,
  ].filter((part) => part !== undefined).map(printable).join("  ");
}

/** Renders a bar and the percentage; only dots if the progress is unknown. */
function renderBar(progress: number | undefined): string {
  if (progress === undefined) return `[${"·".repeat(barWidth)}]    `;
  const filled = stepsDone(progress, barWidth);
  const bar = "█".repeat(filled) + "·".repeat(barWidth - filled);
  return `[${bar}] ${String(stepsDone(progress, 100)).padStart(3)}%`;
}

/** Counts the completed steps; returns `steps` only if the progress is 1. */
function stepsDone(progress: number, steps: number): number {
  if (progress >= 1) return steps;
  const done = Math.floor(progress * steps + epsilon);
  return Math.min(Math.max(0, done), steps - 1);
}
