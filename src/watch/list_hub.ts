import { log } from "../log/log.ts";
import { describeForOperator, describeTask } from "../tasks/snapshot.ts";
import type { TaskState } from "../tasks/state.ts";
import { isTerminal } from "../tasks/status.ts";
import {
  type Store,
  StoreUnavailableError,
  type TaskAudience,
  type TopicAnnouncement,
} from "../tasks/store.ts";
import { allTopicsOf, type Topic } from "../tasks/topic.ts";

/** The time within which changes of a task are merged, in milliseconds. */
const mergeMs = 100;

/** The time between two checks of the lists, in milliseconds. */
const checkMs = 1_000;

/** A list of tasks that all have one topic. */
export interface TopicFollower {
  /** Called after a change of a task, with the newest snapshot. */
  update(task: ListedTask): void;

  /** Called after the deletion of a task. */
  remove(taskId: string): void;

  /** Makes the list read the store: announcements may have been lost. */
  refresh(): void;

  /**
   * Called every second.
   *
   * @param oldestKeptMs Tasks without an event after this time have expired, in
   * milliseconds since 1970.
   */
  check(oldestKeptMs: number): void;
}

/** The facts about a task that a list keeps, to judge later changes. */
export interface ListedVersion extends TaskAudience {
  readonly epoch: string;
  readonly offset: number;
  readonly isCancelRequested: boolean;
  /** The time of the newest event, in milliseconds since 1970. */
  readonly updatedAtMs: number;
}

/** A task with the snapshot for clients, encoded once for all lists. */
export class ListedTask {
  readonly state: TaskState;
  readonly #watchers: number;
  #version: ListedVersion | undefined;
  #json: string | undefined;
  #operatorJson: string | undefined;

  /** @param watchers The number of the task's watchers. */
  constructor(state: TaskState, watchers: number) {
    this.state = state;
    this.#watchers = watchers;
  }

  /** The task's id. */
  get id(): string {
    return this.state.snapshot.connection_id;
  }

  /** The version of the task: one object for all lists. */
  get version(): ListedVersion {
    return this.#version ??= describeVersion(this.state);
  }

  /** The snapshot as JSON. */
  get json(): string {
    return this.#json ??= JSON.stringify(
      describeTask(this.state, this.#watchers),
    );
  }

  /** The snapshot for operators as JSON. */
  get operatorJson(): string {
    return this.#operatorJson ??= JSON.stringify(
      describeForOperator(this.state, this.#watchers),
    );
  }
}

function describeVersion(
  { owner, snapshot, cancelRequested }: TaskState,
): ListedVersion {
  const { epoch, offset, labels, updated_at } = snapshot;
  return {
    epoch,
    offset,
    isCancelRequested: cancelRequested ?? false,
    updatedAtMs: Date.parse(updated_at),
    owner,
    labels,
  };
}

/** Options of a {@linkcode ListHub}. */
export interface ListHubOptions {
  /** Called when a list of a topic joins, and after the last has left. */
  readonly onTopic?: Store["follow"];
  /** The time from the last event to a task's expiry. @default {Infinity} */
  readonly historyTtlMs?: number;
}

/** A task whose next update waits for further changes. */
interface PendingUpdate {
  readonly dueAtMs: number;
  /** Not fixed: an expired task may begin anew with another owner and labels. */
  topics: readonly Topic[];
  task: ListedTask;
}

/**
 * Distributes the changes of tasks to the lists in this process. A change costs
 * nothing for lists of other topics. Changes of a task within 100 ms are merged,
 * except that the end of an attempt is delivered at once (spec §1, 'Lists').
 */
export class ListHub {
  readonly #options: ListHubOptions;
  readonly #watcherCount: (taskId: string) => number;
  readonly #followers = new Map<Topic, Set<TopicFollower>>();
  /** The updates by task, the first due first. */
  readonly #pending = new Map<string, PendingUpdate>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #checks: ReturnType<typeof setInterval> | undefined;

  /** @param watcherCount Returns the number of a task's watchers. */
  constructor(
    options: ListHubOptions,
    watcherCount: (taskId: string) => number,
  ) {
    this.#options = options;
    this.#watcherCount = watcherCount;
  }

  /** The number of topics followed by lists. */
  get topicCount(): number {
    return this.#followers.size;
  }

  /** The number of lists. */
  get listCount(): number {
    let count = 0;
    for (const lists of this.#followers.values()) count += lists.size;
    return count;
  }

  /**
   * Chooses a topic for a list of tasks that have all topics. Many lists may
   * share a common label such as `import`, and each change of an import would
   * then cost all of them.
   */
  leastFollowed(topics: readonly [Topic, ...Topic[]]): Topic {
    const count = (topic: Topic) => this.#followers.get(topic)?.size ?? 0;
    return topics.reduce((one, other) =>
      count(other) < count(one) ? other : one
    );
  }

  /**
   * Adds a list, which is told all changes of the topic's tasks from the time
   * the promise resolves until {@linkcode ListHub.leave}.
   *
   * @throws {StoreDisconnectedError} If the changes can come only after the
   * store is back.
   */
  async join(topic: Topic, list: TopicFollower): Promise<void> {
    const lists = this.#followers.get(topic) ?? new Set();
    lists.add(list);
    this.#followers.set(topic, lists);
    this.#checks ??= setInterval(() => this.#check(), checkMs);
    await this.#options.onTopic?.(topic, true);
  }

  /** Removes a list, if present. */
  leave(topic: Topic, list: TopicFollower): void {
    const lists = this.#followers.get(topic);
    if (!lists?.delete(list) || lists.size > 0) return;
    this.#followers.delete(topic);
    this.#options.onTopic?.(topic, false).catch((error) => {
      // A disconnected store sends all topics after reconnecting.
      if (error instanceof StoreUnavailableError) return;
      log.error("Could not stop following tasks in the store: {error}", {
        error,
      });
    });
    if (this.#followers.size > 0) return;
    clearInterval(this.#checks);
    this.#checks = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
  }

  /** Delivers an announcement to the lists of the task's topics. */
  announce(announcement: TopicAnnouncement): void {
    if (this.#followers.size === 0) return;
    switch (announcement.kind) {
      case "topic_changed":
        return this.#merge(announcement.state, announcement.watchers);
      case "topic_deleted": {
        const { taskId } = announcement;
        this.#pending.delete(taskId);
        return this.#each(
          allTopicsOf(announcement),
          (list) => list.remove(taskId),
        );
      }
      case "topic_missed":
        this.#deliverPending(announcement.topic);
        return this.#each([announcement.topic], (list) => list.refresh());
    }
  }

  #merge(state: TaskState, watchers: number | undefined): void {
    const { owner, snapshot } = state;
    const { connection_id: taskId, labels } = snapshot;
    const topics = allTopicsOf({ owner, labels });
    if (!topics.some((topic) => this.#followers.has(topic))) return;
    const task = new ListedTask(state, watchers ?? this.#watcherCount(taskId));
    const pending = this.#pending.get(taskId);
    if (isTerminal(snapshot.status)) {
      this.#pending.delete(taskId);
      this.#each(topics, (list) => list.update(task));
    } else if (pending) {
      pending.task = task;
      pending.topics = topics;
    } else {
      const dueAtMs = performance.now() + mergeMs;
      this.#pending.set(taskId, { dueAtMs, topics, task });
      this.#timer ??= setTimeout(() => this.#deliverDue(), mergeMs);
    }
  }

  #deliverDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [taskId, { dueAtMs, topics, task }] of this.#pending) {
      if (dueAtMs > now) {
        this.#timer = setTimeout(() => this.#deliverDue(), dueAtMs - now);
        return;
      }
      this.#pending.delete(taskId);
      this.#each(topics, (list) => list.update(task));
    }
  }

  /**
   * Delivers the waiting changes of a topic's tasks: after the lists have read
   * the store, an older update would bring back a deleted task.
   */
  #deliverPending(missed: Topic): void {
    for (const [taskId, { topics, task }] of this.#pending) {
      if (!topics.includes(missed)) continue;
      this.#pending.delete(taskId);
      this.#each(topics, (list) => list.update(task));
    }
  }

  #check(): void {
    const { historyTtlMs = Infinity } = this.#options;
    const oldestKeptMs = Date.now() - historyTtlMs;
    for (const lists of this.#followers.values()) {
      for (const list of lists) list.check(oldestKeptMs);
    }
  }

  #each(topics: readonly Topic[], tell: (list: TopicFollower) => void): void {
    for (const topic of topics) {
      for (const list of this.#followers.get(topic) ?? []) tell(list);
    }
  }
}
