import { call } from "./api.js";

/**
 * A task, or one of its events, as the API describes it.
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
 * @property {string} [message]
 * @property {boolean} [cancel_requested]
 * @property {string} [lease_ends_at]
 */

/**
 * A task with the values that the list sorts and filters by.
 *
 * @typedef {object} Entry
 * @property {Task} task
 * @property {number} rank
 * @property {number} changedMs
 * @property {string} text
 * @property {number} sweep The last sweep that found the task.
 */

/** How many tasks one request lists: of the newest, of a sweep's step, of the first sweep's. */
const newestSize = 200;
const stepSize = 500;
const firstStepSize = 1_000;

/** How many pages of newly changed tasks one poll reads; a sweep finds the others. */
const maxNewestPages = 5;

/** How many tasks are loaded; of those beyond only the lost and failed ones. */
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

/** The statuses whose tasks are loaded whatever their age. */
const urgentStatuses = ["lost", "failed"];

/**
 * The server's tasks as this page knows them.
 *
 * Each poll reads the newest changes, as far as the first that is known. A
 * sweep goes through all the others, a step with each poll: it finds what is
 * no change of a task (its watchers, its end by age) and what a poll missed.
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
  /** Whether there are more than are loaded. */
  isCut = false;
  #sweep = 0;
  #isSweeping = false;
  /** @type {string | undefined} */
  #cursor;
  #swept = 0;

  /** Reads what is new, and a step of the sweep. */
  async poll() {
    if (await this.#readNewest()) return;
    await this.#sweepOn(this.isLoaded ? stepSize : firstStepSize);
  }

  /**
   * Takes a task that was read by itself.
   *
   * @param {Task} task
   */
  take(task) {
    this.#put(task);
  }

  /**
   * Drops a task that is no more.
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
      const list = await listTasks({ limit: newestSize, cursor });
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
        const { tasks } = await listTasks({ limit: firstStepSize, status });
        tasks.forEach((task) => this.#put(task));
      }
    }
    const { tasks, cursor } = await listTasks({ limit, cursor: this.#cursor });
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
      // One that changed meanwhile may be missed once, but not twice.
      if (sweep < this.#sweep - 1) this.drop(id);
    }
  }

  /**
   * @param {Task} task
   * @returns {boolean} True if the task has an event that was not known.
   */
  #put(task) {
    const known = this.tasks.get(task.connection_id);
    const isSame = known !== undefined && known.task.epoch === task.epoch &&
      known.task.offset === task.offset;
    if (
      isSame && known.task.watchers === task.watchers &&
      known.task.cancel_requested === task.cancel_requested
    ) {
      known.sweep = this.#sweep;
      return false;
    }
    this.revision++;
    this.tasks.set(task.connection_id, {
      task,
      rank: ranks[task.status] ?? 4,
      changedMs: Date.parse(task.updated_at),
      text: `${task.connection_id}\n${task.message ?? ""}`.toLowerCase(),
      sweep: this.#sweep,
    });
    return !isSame;
  }
}

/**
 * @param {{ limit: number, cursor?: string | undefined, status?: string }} query
 * @returns {Promise<{ tasks: Task[], cursor?: string }>}
 */
function listTasks(query) {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]]
  );
  return call("GET", `tasks?${new URLSearchParams(given)}`);
}
