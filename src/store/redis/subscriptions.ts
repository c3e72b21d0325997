import { isAtOrBefore, nowhere } from "../../tasks/event.ts";
import { log } from "../../log/log.ts";
import { settle } from "../../async/settle.ts";
import { announceLate, parseMessage } from "./announcement.ts";
import type { OnMessage, RedisClient } from "../../redis/client.ts";
import type { Feed } from "./feed.ts";
import type { RedisSubscriptionsOptions } from "./subscriptions_options.ts";
import {
  shardBase,
  shardOf,
  shards,
  taskChannel,
  taskOfChannel,
} from "./keys.ts";
import { RedisWatcherCounts } from "./watcher_counts.ts";
import type { HistoryView } from "../../tasks/store.ts";

/** The events read at a time after an outage. */
const replaySlice = 500;

/** The tasks read at a time after an outage. */
const replayedAtOnce = 200;

/**
 * The tasks watched in this process, and the subscriptions to their channels. A
 * channel is subscribed to once, from the first watcher to the last.
 *
 * After a reconnect all channels are subscribed to again. Missed events are
 * read and announced before newer messages, so watchers see each offset once
 * and in order. If missed events can't be read any more, `missed` is announced.
 * Followed topics are subscribed to again as well.
 */
export class RedisSubscriptions {
  readonly #options: RedisSubscriptionsOptions;
  readonly #counts: RedisWatcherCounts;
  readonly #feeds = new Map<string, Feed>();
  /**
   * Tasks whose watchers changed during the outage, or that the new connection
   * does not know yet.
   */
  readonly #unready = new Set<Feed>();
  /** Tasks without watchers left while a new connection is prepared. */
  #left: Set<string> | undefined;

  constructor(options: RedisSubscriptionsOptions) {
    this.#options = options;
    this.#counts = new RedisWatcherCounts(options.prefix, options.node);
  }

  /**
   * Sets the number of a task's watchers in this process.
   *
   * @param listeners The number of listeners, not counted as watchers.
   * @param client `undefined` without a connection.
   * @returns Resolves once changes of the task are announced.
   */
  async watch(
    taskId: string,
    watchers: number,
    client: RedisClient | undefined,
    listeners = 0,
  ): Promise<void> {
    const known = this.#feeds.get(taskId);
    if (watchers + listeners === 0) {
      this.#feeds.delete(taskId);
      if (known === undefined) return;
      this.#unready.delete(known);
      if (client) await this.#leave(taskId, client, known.ready);
      else this.#left?.add(taskId);
      return;
    }
    const feed = known ?? this.#add(taskId, client);
    feed.watchers = watchers;
    if (client) {
      await Promise.all([feed.ready, this.#tell(taskId, client)]);
    } else this.#unready.add(feed);
  }

  /** Notes the position of a read of a watched task. */
  note(taskId: string, { epoch, offset }: HistoryView): void {
    const feed = this.#feeds.get(taskId);
    if (feed) feed.position ??= { epoch, offset };
  }

  /**
   * Subscribes a new connection to all watched tasks and followed topics, and
   * announces missed events.
   *
   * @param commit Called at the moment when no work is left.
   */
  async restore(client: RedisClient, commit: () => void): Promise<void> {
    const { topics } = this.#options;
    const left = new Set<string>();
    this.#left = left; // the new connection needs no earlier ones
    for (const feed of this.#feeds.values()) {
      this.#unready.add(feed);
      feed.held = [];
      // A subscription of the lost connection no longer matters.
      feed.ready = Promise.resolve();
    }
    try {
      while (
        this.#unready.size + left.size > 0 || topics.isOutdated(client)
      ) {
        const feeds = [...this.#unready].slice(0, replayedAtOnce);
        const gone = [...left].filter((id) => !this.#feeds.has(id));
        left.clear();
        // Before the first await, so that later changes are added again.
        for (const feed of feeds) this.#unready.delete(feed);
        await client.subscribe(
          feeds.map(({ taskId }) => this.#channelOf(taskId)),
          this.#onMessage,
        );
        for (const feed of feeds) feed.ready = Promise.resolve();
        await Promise.all([
          ...feeds.map(({ taskId }) => this.#tell(taskId, client)),
          ...gone.map((id) => this.#leave(id, client, Promise.resolve())),
        ]);
        await Promise.all(feeds.map((feed) => this.#makeUp(feed, client)));
        await topics.update(client);
      }
      commit();
      topics.announceMissed();
    } finally {
      if (this.#left === left) this.#left = undefined;
    }
  }

  /** Writes all numbers of watchers of a shard to Redis. */
  async retell(shard: number, client: RedisClient): Promise<void> {
    await Promise.all(this.#in(shard).map((id) => this.#tell(id, client)));
  }

  /** Does the same after a loss of data; watchers and lists must read again. */
  async renew(shard: number, client: RedisClient): Promise<void> {
    await this.retell(shard, client);
    for (const taskId of this.#in(shard)) {
      this.#options.announce({ kind: "missed", taskId });
    }
    this.#options.topics.announceMissed();
  }

  /**
   * Writes all numbers of watchers again after Redis has refused a write.
   *
   * @param forget Makes Redis clear the earlier numbers.
   */
  async retellRefused(
    client: RedisClient,
    forget: () => Promise<void>,
  ): Promise<void> {
    if (!this.#counts.isOutdated) return;
    await forget();
    this.#counts.begin();
    await Promise.all(shards.map((shard) => this.retell(shard, client)));
  }

  #in(shard: number): string[] {
    return [...this.#feeds.keys()].filter((id) => shardOf(id) === shard);
  }

  #add(taskId: string, client: RedisClient | undefined): Feed {
    const feed: Feed = {
      taskId,
      watchers: 0,
      ready: Promise.resolve(),
      position: undefined,
      held: undefined,
    };
    this.#feeds.set(taskId, feed);
    if (client) {
      feed.ready = client.subscribe(
        [this.#channelOf(taskId)],
        this.#onMessage,
      );
    }
    return feed;
  }

  async #leave(
    taskId: string,
    client: RedisClient,
    subscribed: Promise<void>,
  ): Promise<void> {
    await Promise.all([
      this.#unsubscribe(taskId, client, subscribed),
      this.#tell(taskId, client),
    ]);
  }

  /**
   * Waits for the subscription first: otherwise a watcher coming in between
   * would be taken for subscribed by the client.
   */
  async #unsubscribe(
    taskId: string,
    client: RedisClient,
    subscribed: Promise<void>,
  ): Promise<void> {
    await subscribed;
    if (this.#feeds.has(taskId)) return; // a new watcher
    await client.unsubscribe(this.#channelOf(taskId), this.#onMessage);
  }

  /** Writes the number of a task's watchers to Redis. */
  #tell(taskId: string, client: RedisClient): Promise<void> {
    return this.#counts.tell(
      taskId,
      () => this.#feeds.get(taskId)?.watchers ?? 0,
      client,
    );
  }

  /** Announces the missed events of a task, then the held messages. */
  async #makeUp(feed: Feed, client: RedisClient): Promise<void> {
    if (feed.held === undefined) return; // done already, or a new task
    const { taskId } = feed;
    const { announce, read } = this.#options;
    let since = feed.position;
    // A watcher without a position has not read yet, and will.
    while (since) {
      const view = await read(client, taskId, since, replaySlice);
      const { epoch, state } = view;
      if (!view.recovered || state === undefined) {
        if (since.offset > 0 || view.offset > 0) {
          announce({ kind: "missed", taskId });
        }
        feed.position = { epoch, offset: view.offset };
        break;
      }
      for (const { offset, json } of view.events) {
        announce(announceLate(json, state));
        feed.position = since = { epoch, offset };
      }
      if (since.offset < view.offset) continue;
      if (state.cancelRequested) {
        announce({ kind: "cancel_requested", taskId });
      }
      break;
    }
    const { held } = feed;
    feed.held = undefined;
    for (const message of held) this.#take(feed, message);
  }

  readonly #onMessage: OnMessage = (message, channel) => {
    const feed = this.#feeds.get(taskOfChannel(channel));
    if (feed === undefined) return; // the last watcher has just left
    if (feed.held) feed.held.push(message);
    else this.#take(feed, message);
  };

  #take(feed: Feed, message: string): void {
    const { taskId } = feed;
    const parsed = settle(() => parseMessage(message, taskId));
    if (parsed.status === "rejected") {
      // An exception would end the connection to Redis.
      log.warn(
        "Ignored a message on a task's channel, from another program or version: {error}",
        { connectionId: taskId, error: parsed.reason },
      );
      return;
    }
    const announcement = parsed.value;
    if (announcement.kind === "deleted") feed.position = nowhere;
    if (announcement.kind === "event") {
      const { position } = announcement;
      if (isAtOrBefore(position, feed.position)) return;
      feed.position = position;
    }
    this.#options.announce(announcement);
  }

  #channelOf(taskId: string): string {
    const { prefix, database } = this.#options;
    const base = shardBase(prefix, shardOf(taskId));
    return taskChannel(base, database, taskId);
  }
}
