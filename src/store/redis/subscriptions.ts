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

/** Events that are made up for at a time. */
const replaySlice = 500;

/** Tasks looked into at a time. */
const replayedAtOnce = 200;

/**
 * The tasks that are watched in this process, and their channels. A channel is
 * subscribed to once, from the first watcher to the last.
 *
 * When a lost connection has been replaced, all are subscribed to again, and
 * what was missed is read and announced before what has come since: so watchers
 * see each offset once, in order. Where it can't be read any more, they are
 * told to look for themselves.
 */
export class RedisSubscriptions {
  readonly #options: RedisSubscriptionsOptions;
  readonly #counts: RedisWatcherCounts;
  readonly #feeds = new Map<string, Feed>();
  /** Those that changed since the connection was lost, or are still to be told to the new one. */
  readonly #unready = new Set<Feed>();
  /** Tasks that were left while a new connection is made to announce everything. */
  #left: Set<string> | undefined;

  constructor(options: RedisSubscriptionsOptions) {
    this.#options = options;
    this.#counts = new RedisWatcherCounts(options.prefix, options.node);
  }

  /**
   * Takes note of how many watch a task here.
   *
   * @param client `undefined` while Redis is away.
   * @returns Resolves once what happens to the task is announced.
   */
  async watch(
    taskId: string,
    watchers: number,
    client: RedisClient | undefined,
  ): Promise<void> {
    const known = this.#feeds.get(taskId);
    if (watchers === 0) {
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

  /** Takes note of what was read of a task that is watched here. */
  note(taskId: string, { epoch, offset }: HistoryView): void {
    const feed = this.#feeds.get(taskId);
    if (feed) feed.position ??= { epoch, offset };
  }

  /**
   * Makes a new connection announce everything.
   *
   * @param commit Called in the moment when nothing is left to be done.
   */
  async restore(client: RedisClient, commit: () => void): Promise<void> {
    const left = new Set<string>();
    this.#left = left; // of those before it knows nothing
    for (const feed of this.#feeds.values()) {
      this.#unready.add(feed);
      feed.held = [];
      // A subscription that broke with its connection is of no more concern.
      feed.ready = Promise.resolve();
    }
    try {
      while (this.#unready.size + left.size > 0) {
        const feeds = [...this.#unready].slice(0, replayedAtOnce);
        const gone = [...left].filter((id) => !this.#feeds.has(id));
        left.clear();
        // Before anything is awaited: what changes meanwhile comes again.
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
      }
      commit();
    } finally {
      if (this.#left === left) this.#left = undefined;
    }
  }

  /** Tells how many watch the tasks of a part here, all of them. */
  async retell(shard: number, client: RedisClient): Promise<void> {
    await Promise.all(this.#in(shard).map((id) => this.#tell(id, client)));
  }

  /** The same where Redis was emptied, as it seems: who watches has to look again. */
  async renew(shard: number, client: RedisClient): Promise<void> {
    await this.retell(shard, client);
    for (const taskId of this.#in(shard)) {
      this.#options.announce({ kind: "missed", taskId });
    }
  }

  /**
   * Tells all of it anew where Redis has refused to be told.
   *
   * @param forget Makes Redis forget first what it was told before.
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

  /** Not before the subscription has settled: the client would take who comes in between for subscribed. */
  async #unsubscribe(
    taskId: string,
    client: RedisClient,
    subscribed: Promise<void>,
  ): Promise<void> {
    await subscribed;
    if (this.#feeds.has(taskId)) return; // somebody has come
    await client.unsubscribe(this.#channelOf(taskId), this.#onMessage);
  }

  /** Tells how many watch a task here now. */
  #tell(taskId: string, client: RedisClient): Promise<void> {
    return this.#counts.tell(
      taskId,
      () => this.#feeds.get(taskId)?.watchers ?? 0,
      client,
    );
  }

  /** Announces what was missed of a task, then what has come meanwhile. */
  async #makeUp(feed: Feed, client: RedisClient): Promise<void> {
    if (feed.held === undefined) return; // it has been, or is new
    const { taskId } = feed;
    const { announce, read } = this.#options;
    let since = feed.position;
    // Who watches without a position has still to read, and will.
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
      // Thrown on, it would end the connection to Redis.
      log.warn(
        "Ignored a message on a task's channel, from another program or version: {error}",
        { taskId, error: parsed.reason },
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
