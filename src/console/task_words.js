import { formatDuration, formatNumber, serverNow } from "./format.js";

/** @typedef {import("./task_feed.js").Task} Task */

/**
 * A task's progress in per cent; a task that succeeded is done, whatever it said before.
 *
 * @param {Pick<Task, "status" | "progress">} task
 */
export function percentOf({ status, progress }) {
  if (status === "succeeded") return 100;
  if (progress === undefined) return undefined;
  if (progress >= 1) return 100;
  // Rounded down, so that 100 is the end; the rest is what 0.29 lacks.
  return Math.min(Math.floor(progress * 1_000 + 1e-6), 999) / 10;
}

/**
 * How far a task is, in words.
 *
 * @param {Task} task
 */
export function amountOf(task) {
  const percent = percentOf(task);
  const words = percent === undefined ? [] : [`${percent} %`];
  if (task.current !== undefined) {
    const total = task.total === undefined
      ? ""
      : ` of ${formatNumber(task.total)}`;
    words.push(
      `${formatNumber(task.current)}${total} ${task.unit ?? ""}`.trimEnd(),
    );
  }
  if (task.cancel_requested) words.push("cancel requested");
  return words.join(" · ");
}

/**
 * When a task will be taken for lost, unless it says something.
 *
 * @param {Task} task
 */
export function leaseOf({ status, lease_ends_at: endsAt }) {
  if (status === "lost") return "ran out";
  if (endsAt === undefined) return "–";
  return `${formatDuration(Date.parse(endsAt) - serverNow())} left`;
}
