import { formatDuration, formatNumber, serverNow } from "./format.js";

/** A task's progress in per cent; a task that succeeded is done, whatever it said before. */
export function percentOf({ status, progress }) {
  if (status === "succeeded") return 100;
  return progress === undefined ? undefined : Math.round(progress * 1_000) / 10;
}

/** How far a task is, in words. */
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

/** When a task will be taken for lost, unless it says something. */
export function leaseOf({ status, lease_ends_at: endsAt }) {
  if (status === "lost") return "ran out";
  if (endsAt === undefined) return "–";
  return `${formatDuration(Date.parse(endsAt) - serverNow())} left`;
}
