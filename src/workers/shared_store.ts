import {
  type Announcement,
  backUp,
  type HistorySlice,
  type PublishOutcome,
  type Store,
  type TopicAnnouncement,
} from "../tasks/store.ts";
import { allTopicsOf, type Topic } from "../tasks/topic.ts";
import { encodeMessage } from "./link.ts";
import type {
  SettledOutcome,
  StoreCall,
  StoreResults,
  SupervisorMessage,
  WithoutJson,
} from "./messages.ts";
import { sendError } from "./sent_error.ts";
import { WorkerCopies } from "./worker_copies.ts";

/** Pushes a line to one worker. */
export type PushLine = (line: string) => void;

/** The reply to a call. */
export interface CallResult {
  readonly result: StoreResults[keyof StoreResults];
  /** The parts of the result already encoded as JSON. */
  readonly texts?: readonly string[];
}

/** A worker's access to the store. */
export interface StoreClient {
  /**
   * Calls a method.
   *
   * @throws {unknown} The method's error.
   */
  call(call: StoreCall, texts: readonly string[]): Promise<CallResult>;
  /** Sets the numbers of a task's watchers and listeners in the worker. */
  watch(taskId: string, watchers: number, listeners?: number): void;
  /** Starts or stops following a topic in the worker. */
  follow(topic: Topic, isFollowed: boolean): void;
  /** Removes the watchers, topics and copies of an ended worker. */
  leave(): void;
}

/**
 * The supervisor's store, shared by the workers: runs their calls, and
 * announces changes to the workers that watch the task.
 */
export class SharedStore {
  /** The number of watchers by task, then by worker. */
  readonly #watchers = new Map<string, Map<PushLine, number>>();
  /** The workers with lists of a topic. */
  readonly #followers = new Map<Topic, Set<PushLine>>();
  #store: Store | undefined;

  /** @param store Made with {@linkcode SharedStore.announce}. */
  open(store: Store): void {
    this.#store = store;
  }

  /** Returns the number of a task's watchers in all workers. */
  watcherCount(taskId: string): number {
    let sum = 0;
    for (const count of this.#watchers.get(taskId)?.values() ?? []) {
      sum += count;
    }
    return sum;
  }

  /**
   * Announces a change to the workers that watch the task, or follow one of its
   * topics; encodes the change once.
   *
   * @returns The number of watchers reached.
   */
  announce(announcement: Announcement): number {
    // The supervisor watches the leases.
    if (announcement.kind === "lease_renewed") return 0;
    if (
      announcement.kind === "topic_changed" ||
      announcement.kind === "topic_deleted" ||
      announcement.kind === "topic_missed"
    ) {
      this.#announceTopics(announcement);
      return 0;
    }
    const workers = this.#watchers.get(connectionIdOf(announcement));
    if (workers === undefined) return 0;
    const line = encodeAnnouncement(announcement);
    let reached = 0;
    for (const [push, count] of workers) {
      push(line);
      reached += count;
    }
    return reached;
  }

  /** Adds a worker. */
  join(push: PushLine): StoreClient {
    const watched = new Set<string>();
    const followed = new Set<Topic>();
    const copies = new WorkerCopies();
    return {
      call: (call, texts) => this.#call(call, texts, copies),
      watch: (taskId, watchers, listeners = 0) => {
        const isWatched = watchers + listeners > 0;
        if (isWatched) watched.add(taskId);
        else watched.delete(taskId);
        this.#watch(taskId, isWatched ? watchers : undefined, push);
      },
      follow: (topic, isFollowed) => {
        if (isFollowed) followed.add(topic);
        else followed.delete(topic);
        this.#follow(topic, isFollowed, push);
      },
      leave: () => {
        for (const taskId of watched) this.#watch(taskId, undefined, push);
        for (const topic of followed) this.#follow(topic, false, push);
        watched.clear();
        followed.clear();
        copies.end();
      },
    };
  }

  async #call(
    call: StoreCall,
    texts: readonly string[],
    copies: WorkerCopies,
  ): Promise<CallResult> {
    const store = this.#store;
    if (store === undefined) throw new TypeError("The store is not open");
    switch (call.method) {
      case "publish":
        return { result: await store.publish(call.taskId, call.change) };
      case "publishAll": {
        const results = await store.publishAll(
          texts.map((text) => JSON.parse(text)),
        );
        return { result: results.map(sendSettled) };
      }
      case "read": {
        const { taskId, since, limit, enough } = call;
        const view = await store.read(taskId, since, limit, enough);
        return sendHistory({
          ...view,
          watchers: this.watcherCount(taskId),
        });
      }
      case "readEvents": {
        const { taskId, since, limit, enough } = call;
        const slice = await store.readEvents(
          taskId,
          since,
          limit,
          enough,
        );
        return slice ? sendHistory(slice) : { result: slice };
      }
      case "list": {
        const list = await store.list(call.query);
        const watchers = list.states.map(({ snapshot }) =>
          this.watcherCount(snapshot.connection_id)
        );
        return { result: { ...list, watchers } };
      }
      case "forget":
        return { result: await store.forget(call.taskId, call.epoch) };
      case "backup":
        return { result: copies.add(await backUp(store)) };
      case "removeBackup":
        await copies.remove(call.path);
        return { result: null };
    }
  }

  #announceTopics(announcement: TopicAnnouncement): void {
    if (this.#followers.size === 0) return;
    const pushes = new Set(
      announcedTopics(announcement).flatMap(
        (topic) => [...this.#followers.get(topic) ?? []],
      ),
    );
    if (pushes.size === 0) return;
    const line = this.#encodeTopics(announcement);
    for (const push of pushes) push(line);
  }

  #encodeTopics(announcement: TopicAnnouncement): string {
    if (announcement.kind !== "topic_changed") {
      return encodeMessage(announcement satisfies SupervisorMessage);
    }
    const { kind, state } = announcement;
    const watchers = this.watcherCount(state.snapshot.connection_id);
    const head = { kind, watchers } satisfies SupervisorMessage;
    return encodeMessage(head, [JSON.stringify(state)]);
  }

  #follow(topic: Topic, isFollowed: boolean, push: PushLine): void {
    const pushes = this.#followers.get(topic) ?? new Set();
    if (isFollowed) this.#followers.set(topic, pushes.add(push));
    else if (pushes.delete(push) && pushes.size === 0) {
      this.#followers.delete(topic);
    }
  }

  /** @param watchers `undefined` if the worker needs no announcements. */
  #watch(
    taskId: string,
    watchers: number | undefined,
    push: PushLine,
  ): void {
    const workers = this.#watchers.get(taskId);
    if (watchers !== undefined) {
      if (workers) workers.set(push, watchers);
      else this.#watchers.set(taskId, new Map([[push, watchers]]));
    } else if (workers?.delete(push) && workers.size === 0) {
      this.#watchers.delete(taskId);
    }
  }
}

function announcedTopics(announcement: TopicAnnouncement): readonly Topic[] {
  switch (announcement.kind) {
    case "topic_changed": {
      const { owner, snapshot: { labels } } = announcement.state;
      return allTopicsOf({ owner, labels });
    }
    case "topic_deleted":
      return allTopicsOf(announcement);
    case "topic_missed":
      return [announcement.topic];
  }
}

/** An announcement about a task, for watchers. */
type WatchAnnouncement = Exclude<
  Announcement,
  TopicAnnouncement | { readonly kind: "lease_renewed" }
>;

function connectionIdOf(announcement: WatchAnnouncement): string {
  return announcement.kind === "event"
    ? announcement.event.connection_id
    : announcement.taskId;
}

function encodeAnnouncement(announcement: WatchAnnouncement): string {
  if (announcement.kind !== "event") {
    const { kind, taskId } = announcement;
    return encodeMessage({ kind, taskId } satisfies SupervisorMessage);
  }
  const { event: _, json, ...head } = announcement;
  return encodeMessage(head satisfies SupervisorMessage, [json]);
}

function sendHistory<View extends HistorySlice>(
  { events, ...view }: View,
): { result: WithoutJson<View>; texts: readonly string[] } {
  return {
    result: { ...view, events: events.map(({ offset }) => offset) },
    texts: events.map(({ json }) => json),
  };
}

function sendSettled(
  result: PromiseSettledResult<PublishOutcome>,
): SettledOutcome {
  return result.status === "fulfilled"
    ? { status: "fulfilled", value: result.value }
    : { status: "rejected", reason: sendError(result.reason) };
}
