import { call } from "./api.js";

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
 * A task with the sort and filter values of the list.
 *
 * @typedef {object} Entry
 * @property {Task} task
 * @property {number} rank
 * @property {number} changedMs
 * @property {string} text
 * @property {number} sweep The last sweep to find the task.
 */

/** Tasks per request: for the newest changes, for a step of a sweep, for a step of the first sweep. */
const newestSize = 200;
const stepSize = 500;
const firstStepSize = 1_000;

/** Most pages of newly changed tasks per poll. A sweep finds the remaining tasks. */
const maxNewestPages = 5;

/** Most tasks to load. Beyond the limit only lost and failed tasks are loaded. */
const maxTasks = 20_000;

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
 * Every poll reads the newest changes, back to the first known change. A sweep
 * reads all tasks, a step per poll, to find differences without an event (number
 * of watchers, expired tasks) and changes missed by a poll.
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
  /**
   * The labels of all tasks in the feed.
   *
   * @type {readonly string[]}
   */
  labels = [];
  #sweep = 0;
  #isSweeping = false;
  /** @type {string | undefined} */
  #cursor;
  #swept = 0;

  /** Reads the newest changes and a step of the sweep. */
  async poll() {
    if (await this.#readNewest()) return;
    await this.#sweepOn(this.isLoaded ? stepSize : firstStepSize);
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
    if (this.tasks.delete(taskId)) this.revision++;
  }

  /** @returns {Promise<boolean>} True if the first page held all tasks. */
  async #readNewest() {
    /** @type {string | undefined} */
    let cursor;
    for (let pages = 0; pages < maxNewestPages; pages++) {
      const list = await this.#list({ limit: newestSize, cursor });
      if (list === undefined) return true;
      if (pages === 0 && list.cursor === undefined) {
        this.#sweep++;
        list.tasks.forEach((task) => this.#put(task));
        this.#endSweep();
        return true;
      }
      const changes = list.tasks.map((task) => this.#put(task));
      cursor = list.cursor;
      if (cursor === undefined || changes.includes(false)) break;
    }
    return false;
  }

  /** @param {number} limit */
  async #sweepOn(limit) {
    if (!this.#isSweeping) {
      this.#isSweeping = true;
      this.#sweep++;
      this.#cursor = undefined;
      this.#swept = 0;
      for (const status of urgentStatuses) {
        const list = await this.#list({ limit: firstStepSize, status });
        if (list === undefined) return;
        list.tasks.forEach((task) => this.#put(task));
      }
    }
    const list = await this.#list({ limit, cursor: this.#cursor });
    if (list === undefined) return;
    const { tasks, cursor } = list;
    tasks.forEach((task) => this.#put(task));
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
    const parameters = labels.map((label) => ["label", label]);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.push([name, String(value)]);
    }
    const list = await call("GET", `tasks?${new URLSearchParams(parameters)}`);
    return labels === this.labels ? list : undefined;
  }

  /** @param {Task} task */
  #matches({ labels = [] }) {
    return this.labels.every((label) => labels.includes(label));
  }

  /**
   * @param {Task} task
   * @returns {boolean} True if the task has a new event.
   */
  #put(task) {
    const known = this.tasks.get(task.connection_id);
    const isSame = known !== undefined && known.task.epoch === task.epoch &&
      known.task.offset === task.offset;
    if (isSame && changing.every((name) => known.task[name] === task[name])) {
      known.sweep = this.#sweep;
      return false;
    }
    this.revision++;
    this.tasks.set(task.connection_id, {
      task,
      rank: ranks[task.status] ?? 4,
      changedMs: Date.parse(task.updated_at),
      text: [task.connection_id, task.title, task.message].join("\n")
        .toLowerCase(),
      sweep: this.#sweep,
    });
    return !isSame;
  }
}
