import {
  $,
  make,
  makeCell,
  makePill,
  makeProgress,
  makeRow,
  setForeign,
  setText,
  showProgress,
} from "./dom.js";
import { openDetails } from "./details.js";
import { formatDuration, formatNumber, serverNow } from "./format.js";
import { showChosen, showLabels } from "./labels.js";
import { Pager, Rows } from "./pager.js";
import { amountOf, leaseOf, paceOf } from "./task_words.js";

/**
 * @typedef {import("./task_feed.js").Entry} Entry
 * @typedef {import("./task_feed.js").TaskFeed} TaskFeed
 */

const statuses = [
  "lost",
  "failed",
  "running",
  "queued",
  "canceled",
  "succeeded",
];

/** Time without reordering after the pointer moved over the rows, to keep a click on the intended row. */
const holdMs = 2_000;

/** The view of all tasks, with urgent tasks first. */
export class TasksView {
  /** @type {TaskFeed} */
  #feed;
  #pager = new Pager($("task-pager"), () => this.#refresh());
  /** @type {Rows<Entry>} */
  #rows = new Rows($("task-table"), (id) => this.#makeRow(id));
  /** @type {Map<string, HTMLElement>} */
  #chips = new Map();
  #shownStatuses = new Set();
  /** @type {Entry[]} */
  #matches = [];
  #sortedRevision = -1;
  #heldUntilMs = 0;
  /** @type {string[]} */
  #shownIds = [];

  /** @param {TaskFeed} feed */
  constructor(feed) {
    this.#feed = feed;
    for (const status of statuses) this.#addChip(status);
    $("task-filter").addEventListener("input", () => this.#refilter());
    for (const type of ["pointermove", "keydown"]) {
      $("task-table").tBodies[0]?.addEventListener(type, () => {
        this.#heldUntilMs = performance.now() + holdMs;
      });
    }
  }

  /**
   * Shows only the tasks with all of the labels.
   *
   * @param {string[]} labels
   * @returns {boolean} False if the view has the same labels already.
   */
  select(labels) {
    if (!this.#feed.select(labels)) return false;
    const isFocused = $("chosen-labels").contains(document.activeElement);
    showChosen($("chosen-labels"), labels);
    // The button with the focus has removed its label.
    if (isFocused) $("task-filter").focus();
    $("details").close();
    this.#refilter();
    return true;
  }

  /** Shows the current tasks. */
  show() {
    this.#sort();
    this.#showCounts();
    const isHeld = performance.now() < this.#heldUntilMs;
    const page = this.#pager.cut(this.#matches);
    const entries = isHeld
      ? this.#shownIds.flatMap((id) => this.#feed.tasks.get(id) ?? [])
      : page;
    this.#shownIds = entries.map(({ task }) => task.connection_id);
    this.#rows.show(entries, ({ task }) => task.connection_id);
    setText($("tasks-note"), this.#note());
  }

  #note() {
    const { tasks, isLoaded, isCut, labels } = this.#feed;
    if (!isLoaded) return `Loading tasks: ${formatNumber(tasks.size)} so far`;
    if (tasks.size === 0 && labels.length === 0) {
      return "No tasks yet. They appear here with their first event.";
    }
    if (this.#matches.length === 0) return "No task matches the filter.";
    return isCut
      ? `Only the newest ${
        formatNumber(tasks.size)
      } tasks are loaded, and of older ones the lost and failed.`
      : "";
  }

  /** @param {string} status */
  #addChip(status) {
    const count = make("b", {}, "0");
    const chip = make(
      "button",
      {
        type: "button",
        className: "chip",
        "data-status": status,
        ariaPressed: "false",
      },
      make("i"),
      `${status} `,
      count,
    );
    chip.addEventListener("click", () => {
      if (!this.#shownStatuses.delete(status)) this.#shownStatuses.add(status);
      chip.ariaPressed = String(this.#shownStatuses.has(status));
      this.#refilter();
    });
    this.#chips.set(status, count);
    $("statuses").append(chip);
  }

  #refilter() {
    this.#pager.reset();
    this.#refresh();
  }

  #refresh() {
    this.#sortedRevision = -1;
    this.#heldUntilMs = 0;
    this.show();
  }

  #sort() {
    if (this.#sortedRevision === this.#feed.revision) return;
    this.#sortedRevision = this.#feed.revision;
    const text = $("task-filter").value.trim().toLowerCase();
    const shown = this.#shownStatuses;
    this.#matches = [...this.#feed.tasks.values()].filter((entry) =>
      (shown.size === 0 || shown.has(entry.task.status)) &&
      entry.text.includes(text)
    ).sort((a, b) => a.rank - b.rank || b.orderMs - a.orderMs);
  }

  #showCounts() {
    const counts = new Map();
    for (const { task: { status } } of this.#feed.tasks.values()) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    for (const [status, element] of this.#chips) {
      setText(element, formatNumber(counts.get(status) ?? 0));
    }
  }

  /** @param {string} id */
  #makeRow(id) {
    const pill = makePill("");
    const name = make("button", { type: "button", className: "link" });
    const secondary = make("span", { className: "id" });
    const labels = make("div", {
      className: "labels",
      role: "group",
      "aria-label": "Labels",
    });
    name.addEventListener("click", () => openDetails(id, this.#feed));
    const message = make("p", { className: "message" });
    const bar = makeProgress();
    const amount = make("span", { className: "amount" });
    const pace = make("span", { className: "amount" });
    const attempt = makeCell("Attempt", "", "number");
    const watchers = makeCell("Watchers", "", "number");
    const age = makeCell("Last event", "", "number");
    const lease = makeCell("Lease", "", "number");
    const task = makeCell("Task", "", "name");
    task.append(
      make("div", { className: "names" }, name, secondary),
      message,
      labels,
    );
    const progress = makeCell("Progress", bar, "progress-cell");
    progress.append(make("div", { className: "amounts" }, amount, pace));
    const element = makeRow(
      makeCell("Status", pill),
      task,
      progress,
      attempt,
      watchers,
      age,
      lease,
    );
    element.dataset.connectionId = id;
    return {
      element,
      /** @param {Entry} entry */
      update: ({ task, changedMs }) => {
        element.dataset.status = pill.dataset.status = task.status;
        setText(pill, task.status);
        setForeign(name, task.title ?? id);
        secondary.hidden = task.title === undefined;
        if (task.title !== undefined) setForeign(secondary, id);
        showLabels(labels, task.labels ?? [], this.#feed.labels);
        setForeign(message, task.message ?? "");
        showProgress(bar, task);
        setText(amount, amountOf(task));
        setText(pace, paceOf(task));
        setText(attempt, String(task.attempt));
        setText(watchers, formatNumber(task.watchers));
        setText(age, formatDuration(serverNow() - changedMs));
        setText(lease, leaseOf(task));
      },
    };
  }
}
