import { formatRate, formatTimeLeft } from "./estimates.js";
import { formatDuration, formatNumber, serverNow } from "./format.js";

/** @typedef {import("./task_feed.js").Task} Task */

/**
 * Returns a task's progress in per cent: always 100 for a succeeded task.
 *
 * @param {Pick<Task, "status" | "progress">} task
 */
export function percentOf({ status, progress }) {
  if (status === "succeeded") return 100;
  if (progress === undefined) return undefined;
  if (progress >= 1) return 100;
  // Rounded down, to keep 100 for the end. 0.29 * 1000 is slightly below 290.
  return Math.min(Math.floor(progress * 1_000 + 1e-6), 999) / 10;
}

/**
 * Returns the progress and amount of a task, as text.
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
 * Returns the rate and the time left of a task, as text; empty without estimates.
 *
 * @param {{ rate?: number | undefined, unit?: string | undefined, eta?: string | undefined }} task
 */
export function paceOf({ rate, unit, eta }) {
  const leftMs = eta === undefined ? undefined : Date.parse(eta) - serverNow();
  // Without an event until the estimated end, the task has stalled.
  if (leftMs !== undefined && leftMs < 0) return "";
  const words = [];
  if (rate !== undefined) words.push(formatRate(rate, unit));
  if (leftMs !== undefined) words.push(formatTimeLeft(leftMs));
  return words.join(" · ");
}

/**
 * Returns the time until a silent task is marked as lost, as text.
 *
 * @param {Task} task
 */
export function leaseOf({ status, lease_ends_at: endsAt }) {
  if (status === "lost") return "ran out";
  if (endsAt === undefined) return "–";
  return `${formatDuration(Date.parse(endsAt) - serverNow())} left`;
}
