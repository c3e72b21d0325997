import { ApiError, call, readStream } from "./api.js";

/**
 * A task, or an event of a task, in the format of the API.
 *
 * @typedef {object} Task
 * @property {string} connection_id
 * @property {string} epoch
 * @property {number} offset
 * @property {keyof typeof ranks} status
 * @property {number} attempt
 * @property {string} timestamp
 * @property {string} created_at
 * @property {string} updated_at
 * @property {number} watchers
 * @property {number} [progress]
 * @property {number} [current]
 * @property {number} [total]
 * @property {string} [unit]
 * @property {string} [title]
 * @property {readonly string[]} [labels]
 * @property {number} [rate]
 * @property {string} [eta]
 * @property {string} [message]
 * @property {boolean} [cancel_requested]
 * @property {string} [lease_ends_at]
 */

/**
 * A frame of the stream of tasks.
 *
 * @typedef {{ type: "list", tasks: Task[] }
 *   | { type: "list_update", task: Task }
 *   | { type: "list_remove", connection_id: string }
 *   | { type: "error", code: string, message: string }} Frame
 */

/**
 * A task with the sort and filter values of the list.
 *
 * @typedef {object} Entry
 * @property {Task} task
 * @property {number} rank
 * @property {number} changedMs
 * @property {number} orderMs The time that decides the order within a rank.
 * @property {string} text
 * @property {number} sweep The last sweep to find the task.
 */

/** Tasks per request. */
const stepSize = 1_000;

/** The newest tasks to follow. Any task that changes becomes one of them. */
const followedSize = 500;

/** The pause between the steps of a sweep, in milliseconds. */
const stepPauseMs = 5_000;

/** Most tasks to load. Beyond the limit only lost and failed tasks are loaded. */
const maxTasks = 20_000;

/** Most tasks to keep. Beyond the limit older tasks are dropped down to the most to load. */
const maxKept = 25_000;

/** Where a task of a status stands in the list. */
const ranks = {
  lost: 0,
  failed: 1,
  running: 2,
  queued: 3,
  canceled: 4,
  succeeded: 4,
};

/** Members that change without an event. */
const changing = /** @type {const} */ ([
  "watchers",
  "cancel_requested",
  "lease_ends_at",
  "rate",
  "eta",
]);

/** Statuses of tasks to load regardless of age. */
const urgentStatuses = ["lost", "failed"];

/**
 * The server's tasks, as known to the page.
 *
 * A stream brings all changes. A sweep reads all tasks in steps, first to load
 * them, then to find differences without an event (number of watchers, renewed
 * leases, expired tasks), and changes missed while the stream was interrupted.
 */
export class TaskFeed {
  /**
   * By `connection_id`.
   *
   * @type {Map<string, Entry>}
   */
  tasks = new Map();
  /** Counts the changes of {@linkcode TaskFeed.tasks}. */
  revision = 0;
  /** Whether all tasks have been read once. */
  isLoaded = false;
  /** True if the server has more tasks than are loaded. */
  isCut = false;
  /** True while the stream brings all changes. */
  isFollowed = false;
  /**
   * The labels of all tasks in the feed.
   *
   * @type {readonly string[]}
   */
  labels = [];
  /**
   * The tasks in the server's list, with the time of their last change.
   *
   * @type {Map<string, number>}
   */
  #listed = new Map();
  /** The tasks dropped since the last request. */
  #dropped = new Set();
  #sweep = 0;
  #isSweeping = false;
  /** @type {string | undefined} */
  #cursor;
  #swept = 0;
  #nextStepMs = 0;

  /** Makes a step of the sweep, if due. */
  async poll() {
    if (this.isLoaded && performance.now() < this.#nextStepMs) return;
    await this.#sweepOn();
    this.#nextStepMs = performance.now() + stepPauseMs;
  }

  /**
   * Takes all changes from a stream, until the stream is aborted or broken.
   *
   * @param {AbortSignal} signal
   * @param {() => void} onChange
   * @throws {ApiError} If the server refuses or ends the stream.
   * @throws {TypeError} If the connection is broken.
   */
  async follow(signal, onChange) {
    this.isFollowed = false;
    try {
      const query = this.#queryOf({ limit: followedSize });
      await readStream(`tasks?${query}`, signal, (frames) => {
        frames.forEach((frame) => this.#takeFrame(frame));
        if (this.tasks.size > maxKept) this.#dropOldest();
        onChange();
      });
    } finally {
      if (!signal.aborted) this.isFollowed = false;
    }
  }

  /**
   * Limits the feed to the tasks with all of the labels.
   *
   * @param {readonly string[]} labels
   * @returns {boolean} False if the feed has the same labels already.
   */
  select(labels) {
    if (labels.join("\n") === this.labels.join("\n")) return false;
    this.labels = labels;
    for (const [id, { task }] of this.tasks) {
      if (!this.#matches(task)) this.drop(id);
    }
    this.isLoaded = false;
    this.isCut = false;
    this.#isSweeping = false;
    this.isFollowed = false;
    this.revision++;
    return true;
  }

  /**
   * Takes a separately read task.
   *
   * @param {Task} task
   */
  take(task) {
    if (this.#matches(task)) this.#put(task);
  }

  /**
   * Drops a deleted or expired task.
   *
   * @param {string} taskId
   */
  drop(taskId) {
    this.#dropped.add(taskId);
    if (this.tasks.delete(taskId)) this.revision++;
  }

  /** @param {Frame} frame */
  #takeFrame(frame) {
    switch (frame.type) {
      case "list":
        this.#listed.clear();
        frame.tasks.forEach((task) => this.#putListed(task));
        this.isFollowed = true;
        this.#nextStepMs = 0; // changes may have been missed
        break;
      case "list_update":
        this.#putListed(frame.task);
        break;
      case "list_remove":
        this.#takeRemoval(frame.connection_id);
        break;
      case "error":
        throw new ApiError(0, frame.message, frame.code);
    }
  }

  /** @param {Task} task */
  #putListed(task) {
    this.#listed.set(task.connection_id, Date.parse(task.updated_at));
    this.#put(task);
  }

  /**
   * Drops a removed task, unless newer tasks have pushed the task out of a full
   * list.
   *
   * @param {string} taskId
   */
  #takeRemoval(taskId) {
    const changedMs = this.#listed.get(taskId) ?? Infinity;
    const isFull = this.#listed.size >= followedSize;
    this.#listed.delete(taskId);
    const isOldest = ![...this.#listed.values()].some((ms) => ms < changedMs);
    if (!isFull || !isOldest) this.drop(taskId);
  }

  /** Drops the tasks with the oldest changes, except the urgent tasks. */
  #dropOldest() {
    this.isCut = true;
    for (const [id, { task }] of this.tasks) {
      if (this.tasks.size <= maxTasks) break;
      if (!urgentStatuses.includes(task.status)) this.drop(id);
    }
  }

  async #sweepOn() {
    const isFirst = !this.#isSweeping;
    if (isFirst) {
      this.#isSweeping = true;
      this.#sweep++;
      this.#cursor = undefined;
      this.#swept = 0;
    }
    const list = await this.#list({ limit: stepSize, cursor: this.#cursor });
    if (list === undefined) return;
    const { tasks, cursor } = list;
    tasks.forEach((task) => this.#put(task));
    if (isFirst && cursor !== undefined) {
      for (const status of urgentStatuses) {
        const urgent = await this.#list({ limit: stepSize, status });
        if (urgent === undefined) return;
        urgent.tasks.forEach((task) => this.#put(task));
      }
    }
    this.#swept += tasks.length;
    this.#cursor = cursor;
    this.isCut = cursor !== undefined && this.#swept >= maxTasks;
    if (cursor === undefined || this.isCut) this.#endSweep();
  }

  #endSweep() {
    this.#isSweeping = false;
    this.isLoaded = true;
    for (const [id, { sweep }] of this.tasks) {
      // A sweep may miss a task changed meanwhile, but two sweeps in a row can't.
      if (sweep < this.#sweep - 1) this.drop(id);
    }
  }

  /**
   * @param {{ limit: number, cursor?: string | undefined, status?: string }} query
   * @returns {Promise<{ tasks: Task[], cursor?: string } | undefined>} `undefined`
   * if other labels were selected meanwhile.
   */
  async #list(query) {
    const { labels } = this;
    this.#dropped.clear();
    const { tasks, cursor } = await call(
      "GET",
      `tasks?${this.#queryOf(query)}`,
    );
    if (labels !== this.labels) return undefined;
    const present = tasks.filter((/** @type {Task} */ { connection_id: id }) =>
      !this.#dropped.has(id)
    );
    return { tasks: present, cursor };
  }

  /** @param {{ limit: number, cursor?: string | undefined, status?: string }} query */
  #queryOf(query) {
    const parameters = this.labels.map((label) => ["label", label]);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.push([name, String(value)]);
    }
    return new URLSearchParams(parameters);
  }

  /** @param {Task} task */
  #matches({ labels = [] }) {
    return this.labels.every((label) => labels.includes(label));
  }

  /** @param {Task} task */
  #put(task) {
    const { connection_id: id, status, created_at, updated_at } = task;
    const known = this.tasks.get(id);
    if (known) {
      known.sweep = this.#sweep;
      const isSame = known.task.epoch === task.epoch &&
        known.task.offset === task.offset;
      if (isSame && changing.every((name) => known.task[name] === task[name])) {
        return;
      }
      // A list read earlier may arrive after a change of the stream.
      const isOlder = known.task.epoch === task.epoch
        ? known.task.offset > task.offset
        : known.task.updated_at > updated_at;
      if (isOlder) return;
      this.tasks.delete(id); // the newest change comes last
    }
    this.revision++;
    const changedMs = Date.parse(updated_at);
    const isOpen = status === "running" || status === "queued";
    this.tasks.set(id, {
      task,
      rank: ranks[status] ?? 4,
      changedMs,
      // Rows of open tasks would change places with every event.
      orderMs: isOpen ? Date.parse(created_at) : changedMs,
      text: [id, task.title, task.message].join("\n").toLowerCase(),
      sweep: this.#sweep,
    });
  }
}
