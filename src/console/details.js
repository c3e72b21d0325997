import { ApiError, call } from "./api.js";
import {
  $,
  confirmed,
  make,
  makeCell,
  makePill,
  makeProgress,
  makeRow,
  notify,
  setForeign,
  setText,
  showFacts,
  showProgress,
} from "./dom.js";
import { visible } from "./foreign.js";
import {
  formatDuration,
  formatJson,
  formatNumber,
  formatTime,
  serverNow,
} from "./format.js";
import { showLabels } from "./labels.js";
import { amountOf, leaseOf, paceOf, percentOf } from "./task_words.js";

/** How many of a task's last events are shown. */
const maxEvents = 50;

const terminalStatuses = ["succeeded", "failed", "canceled"];

/**
 * @typedef {import("./task_feed.js").Task} Task
 * @typedef {import("./task_feed.js").TaskFeed} TaskFeed
 */

/**
 * The shown task, with the drawn snapshot and the position of the newest listed
 * event.
 *
 * @type {{ id: string, feed: TaskFeed, drawn?: Task, position: string } | undefined}
 */
let shown;

/**
 * Shows all details of a task.
 *
 * @param {string} id
 * @param {TaskFeed} feed
 */
export function openDetails(id, feed) {
  shown = { id, feed, position: "" };
  setForeign($("details-title"), id);
  for (
    const name of [
      "details-id",
      "details-labels",
      "details-state",
      "details-facts",
      "snapshot",
    ]
  ) {
    $(name).replaceChildren();
  }
  $("events").tBodies[0]?.replaceChildren();
  setText($("details-error"), "");
  const known = feed.tasks.get(id);
  if (known) showTask(known.task, feed);
  $("details").showModal();
  refreshDetails().catch(fail);
}

/** Draws the shown task, if any, as known to the feed. */
export function drawDetails() {
  const known = shown?.feed.tasks.get(shown.id);
  if (shown && known && known.task !== shown.drawn) {
    showTask(known.task, shown.feed);
  }
}

/** Refreshes the shown task, if any. */
export async function refreshDetails() {
  if (shown === undefined) return;
  const { id, feed } = shown;
  const path = `tasks/${encodeURIComponent(id)}`;
  try {
    const task = await call("GET", path);
    feed.take(task);
    if (shown?.id !== id) return;
    setText($("details-error"), "");
    showTask(task, feed);
    const position = `${task.epoch} ${task.offset}`;
    if (shown.position === position) return;
    const events = await readEvents(path, task);
    if (shown?.id !== id) return;
    shown.position = position;
    showEvents(events);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    feed.drop(id);
    if (shown?.id !== id) return;
    setText($("details-error"), "This task is no more: it was forgotten.");
    $("details-cancel").hidden = true;
  }
}

/**
 * Reads the last events of a task, or all events if the server keeps fewer.
 *
 * @param {string} path
 * @param {Task} task
 */
async function readEvents(path, { epoch, offset }) {
  const query = new URLSearchParams({
    epoch,
    offset: String(Math.max(0, offset - maxEvents)),
    limit: String(maxEvents),
  });
  const { recovered, events } = await call("GET", `${path}/events?${query}`);
  if (recovered) return events;
  return (await call("GET", `${path}/events?limit=${maxEvents}`)).events;
}

/**
 * @param {Task} task
 * @param {TaskFeed} feed
 */
function showTask(task, feed) {
  const { connection_id: id, title, labels = [], status, message } = task;
  const { cancel_requested: isAsked } = task;
  if (shown) shown.drawn = task;
  const { pill, bar, amount, pace } = stateElements();
  setForeign($("details-title"), title ?? id);
  $("details-id").hidden = title === undefined;
  setForeign($("details-id"), id);
  showLabels($("details-labels"), labels, feed.labels);
  pill.dataset.status = status;
  setText(pill, status);
  showProgress(bar, task);
  setText(amount, amountOf(task));
  setText(pace, paceOf(task));
  setForeign($("details-message"), message ?? "");
  $("details-cancel").hidden = terminalStatuses.includes(status);
  $("details-cancel").ariaDisabled = String(isAsked === true);
  setText(
    $("details-cancel"),
    isAsked ? "Cancel requested" : "Ask to cancel",
  );
  const age = (/** @type {string} */ text) =>
    `${formatDuration(serverNow() - Date.parse(text))} ago`;
  showFacts($("details-facts"), [
    ["Attempt", formatNumber(task.attempt)],
    ["Watchers", formatNumber(task.watchers)],
    ["Events", formatNumber(task.offset)],
    ["Last event", age(task.updated_at)],
    ["Created", age(task.created_at)],
    ["Lease", leaseOf(task)],
  ]);
  setText($("snapshot"), visible(formatJson(task)));
}

/** Returns the elements for a task's state, creating missing elements. */
function stateElements() {
  const [pill, bar, amount, pace] = $("details-state").children;
  if (
    pill instanceof HTMLElement && bar instanceof HTMLElement && amount && pace
  ) return { pill, bar, amount, pace };
  const made = {
    pill: makePill(""),
    bar: makeProgress(),
    amount: make("span", { className: "amount" }),
    pace: make("span", { className: "amount" }),
  };
  $("details-state").replaceChildren(...Object.values(made));
  return made;
}

/** @param {Task[]} events */
function showEvents(events) {
  $("events").tBodies[0]?.replaceChildren(
    ...events.toReversed().map((event) => {
      const percent = event.progress === undefined
        ? undefined
        : percentOf(event);
      return makeRow(
        makeCell("Offset", String(event.offset), "number"),
        makeCell("Time", formatTime(Date.parse(event.timestamp))),
        makeCell("Status", makePill(event.status)),
        makeCell(
          "Progress",
          percent === undefined ? "" : `${percent} %`,
          "number",
        ),
        makeMessage(event.message ?? ""),
      );
    }),
  );
}

/** @param {string} text */
function makeMessage(text) {
  const cell = makeCell("Message");
  setForeign(cell, text);
  return cell;
}

async function cancel() {
  if (shown === undefined) return;
  const { id } = shown;
  const isSure = await confirmed({
    title: "Ask to cancel?",
    text: `The worker of ${
      visible(id)
    } is told with its next event, and its watchers at once. It can't be taken back.`,
    yes: "Ask to cancel",
  });
  if (!isSure) return;
  await call("POST", `tasks/${encodeURIComponent(id)}/cancel`);
  notify(`Asked the worker of ${visible(id)} to stop.`);
  await refreshDetails();
}

/** @param {Error} error */
function fail(error) {
  setText($("details-error"), error.message);
}

$("details").addEventListener("close", () => shown = undefined);
$("details-close").addEventListener("click", () => $("details").close());
$("details").addEventListener("click", (event) => {
  // A click on the backdrop has the dialog as target.
  if (event.target === $("details")) $("details").close();
});
$("details-cancel").addEventListener("click", () => {
  if ($("details-cancel").ariaDisabled !== "true") cancel().catch(fail);
});
