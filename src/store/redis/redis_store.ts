import { log } from "../../log/log.ts";
import type { StreamPosition } from "../../tasks/event.ts";
import type { RedisAddress } from "../../redis/address.ts";
import { encodeNotice, encodeTopicDeletion } from "./announcement.ts";
import { deadline } from "../../async/deadline.ts";
import type { RedisClient } from "../../redis/client.ts";
import { RedisSubscriptions } from "./subscriptions.ts";
import { FollowedTopics } from "./followed_topics.ts";
import {
  listKeys,
  shardBase,
  shardKeys,
  topicChannelBase,
  topicShards,
} from "./keys.ts";
import { listTasks, readPage } from "./listing.ts";
import { StoreRedis } from "./store_redis.ts";
import { RedisPublisher } from "./publisher.ts";
import { RedisHeartbeat } from "./heartbeat.ts";
import { listScript } from "./shard_scripts.ts";
import { nameTask, parseView, readArgs, type RedisTask } from "./redis_task.ts";
import { forgetScript, readScript } from "./task_scripts.ts";
import {
  type Announce,
  type EncodedEvent,
  type HistorySlice,
  type HistoryView,
  type ListQuery,
  type Publication,
  type PublishOutcome,
  type Retention,
  type Store,
  type TaskList,
} from "../../tasks/store.ts";
import { Semaphore } from "../../async/semaphore.ts";
import { type Topic, topicsOf } from "../../tasks/topic.ts";

/** The most concurrent reads: results must fit into a client's buffer. */
const maxReads = 16;

/** The longest time for leaving, in milliseconds. */
const goodbyeMs = 1_000;

/**
 * A store in Redis, 6.2 or later, shared by any number of processes. Acknowledged
 * writes are as durable as Redis's persistence and replication: see
 * guide/durability.md.
 */
export class RedisStore implements Store {
  /** The process's id among the processes sharing the store. */
  readonly node: string = crypto.randomUUID();
  readonly link: StoreRedis;
  readonly isCluster: boolean;
  /** The number of the database. */
  readonly database: number;
  readonly #prefix: string;
  readonly #retention: Retention;
  readonly #subscriptions: RedisSubscriptions;
  readonly #topics: FollowedTopics;
  readonly #publisher: RedisPublisher;
  readonly #heartbeat: RedisHeartbeat;
  readonly #reads = new Semaphore(maxReads);
  #run = "?";
  #isClosing = false;

  /**
   * @param prefix The prefix of all keys and channels.
   * @param retention The amount of history to keep.
   * @param announce Called for every change of a task that is watched in the
   * process, or has a topic followed in the process.
   */
  constructor(
    address: RedisAddress,
    prefix: string,
    retention: Retention,
    announce: Announce,
  ) {
    this.isCluster = address.kind === "cluster";
    this.#prefix = prefix;
    this.database = address.database;
    this.#retention = retention;
    this.#topics = new FollowedTopics({
      channelBases: topicShards(this.isCluster).map((shard) =>
        topicChannelBase(shardBase(prefix, shard), address.database)
      ),
      listen: (client) => this.#heartbeat.listen(client, this.#run),
      announce,
    });
    this.#subscriptions = new RedisSubscriptions({
      prefix,
      database: address.database,
      node: this.node,
      topics: this.#topics,
      announce,
      read: async (client, id, since, limit) =>
        parseView(await this.#read(client, id, since, limit)),
    });
    this.link = new StoreRedis(address, {
      open: (client, run, commit) => this.#open(client, run, commit),
      tick: (client) => this.#tick(client),
    });
    this.#publisher = new RedisPublisher(
      this.link,
      (id) => this.#name(id),
      this.node,
      retention,
    );
    this.#heartbeat = new RedisHeartbeat({
      prefix,
      node: this.node,
      historyTtlMs: retention.historyTtlMs,
      isListening: () => this.#topics.isListening,
      onUnknown: (shard, client) => this.#subscriptions.renew(shard, client),
      onLeaseEnd: (id, byMs) => this.#publishLoss(id, byMs),
    });
  }

  publish(
    taskId: string,
    change: Publication["change"],
  ): Promise<PublishOutcome> {
    return this.#publisher.publish({ taskId, change });
  }

  publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]> {
    return Promise.allSettled(
      publications.map((publication) => this.#publisher.publish(publication)),
    );
  }

  async read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit = Infinity,
    enough = Infinity,
  ): Promise<HistoryView> {
    const view = await this.#readSlice(taskId, since, limit, enough);
    this.#subscriptions.note(taskId, view);
    const { epoch, offset: head } = view;
    const events = [...view.events];
    // Replies are limited in bytes: reading continues until the limit.
    for (;;) {
      const { offset } = events.at(-1) ?? { offset: head };
      const missing = Math.min(limit - events.length, head - offset);
      const left = enough - lengthOf(events);
      if (missing <= 0 || left <= 0) return { ...view, events };
      const rest = { epoch, offset };
      const next = await this.#readSlice(taskId, rest, missing, left);
      // Meanwhile the task was deleted, or the oldest events were dropped.
      if (next.events.length === 0) return { ...view, events };
      events.push(...next.events);
    }
  }

  async readEvents(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): Promise<HistorySlice | undefined> {
    const view = await this.#readSlice(
      taskId,
      since,
      limit,
      enough,
      true,
    );
    this.#subscriptions.note(taskId, view);
    const { offset, recovered, events } = view;
    return recovered && offset > 0 ? { offset, events } : undefined;
  }

  async list(query: ListQuery): Promise<TaskList> {
    const listed = await listTasks(
      (base, args) =>
        this.link.run(listScript, shardKeys(base), [
          base,
          crypto.randomUUID(),
          this.#run,
          ...args,
        ]),
      this.#prefix,
      query,
    );
    return await readPage(listed, query, (taskId) => this.read(taskId));
  }

  async watch(taskId: string, watchers: number, listeners = 0): Promise<void> {
    const { client } = this.link;
    const watching = this.#subscriptions.watch(
      taskId,
      watchers,
      client,
      listeners,
    );
    if (client) await this.link.use(() => watching);
    else throw this.link.disconnected();
  }

  async follow(topic: Topic, isFollowed: boolean): Promise<void> {
    const { client } = this.link;
    const following = this.#topics.follow(topic, isFollowed, client);
    if (client) await this.link.use(() => following);
    else throw this.link.disconnected();
  }

  async forget(taskId: string, epoch?: string): Promise<boolean> {
    for (;;) {
      const { epoch: found, state } = await this.read(taskId);
      if (state === undefined || found !== (epoch ?? found)) return false;
      const { owner, snapshot: { labels } } = state;
      const { keys, args, channel, topicChannels, base } = this.#name(taskId);
      const answer = await this.link.run(forgetScript, keys, [
        ...args,
        channel,
        encodeNotice("deleted"),
        found,
        topicChannels,
        encodeTopicDeletion(state),
        ...listKeys(base, topicsOf({ owner, labels })),
      ]);
      if (answer === 1) return true; // otherwise the task has begun anew
    }
  }

  /** Counts the processes sharing the store, including this process. */
  async countNodes(): Promise<number> {
    const key = `${shardBase(this.#prefix, 0)}nodes`;
    return Number(
      await this.link.use((redis) => redis.send(key, ["SCARD", key])),
    );
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const { client } = this.link;
    try {
      if (client) await deadline(this.#heartbeat.end(client), goodbyeMs);
    } catch (error) {
      log.debug(
        "Could not remove this node from Redis, its entries expire by themselves: {error}",
        {
          error,
        },
      );
    }
    await this.link.close();
  }

  async #open(
    client: RedisClient,
    run: string,
    commit: () => void,
  ): Promise<void> {
    this.#run = run;
    this.#publisher.forget();
    await this.#heartbeat.begin(client, run);
    await this.#subscriptions.restore(client, commit);
  }

  async #tick(client: RedisClient): Promise<void> {
    if (this.#isClosing) return; // a heartbeat would undo the leaving
    const isReady = this.link.client === client;
    await this.#heartbeat.send(client, this.#run, isReady);
    await this.#subscriptions.retellRefused(
      client,
      () => this.#heartbeat.begin(client, this.#run),
    );
  }

  async #readSlice(
    taskId: string,
    since: StreamPosition | "oldest" | undefined,
    limit: number,
    enough: number,
    isAlone = false,
  ): Promise<HistoryView> {
    return parseView(
      await this.link.use((client) =>
        this.#read(client, taskId, since, limit, enough, isAlone)
      ),
    );
  }

  #read(
    client: RedisClient,
    taskId: string,
    since: StreamPosition | "oldest" | undefined,
    limit: number,
    enough = Infinity,
    isAlone = false,
  ): Promise<unknown> {
    const { keys, args } = this.#name(taskId);
    const { historyLimit } = this.#retention;
    return this.#reads.take(() =>
      client.run(readScript, keys, [
        ...args,
        ...readArgs(since, limit, enough, historyLimit, isAlone),
      ])
    );
  }

  /**
   * The lease may have been renewed meanwhile; if the renewal comes later, the
   * store refuses the loss.
   */
  async #publishLoss(taskId: string, byMs: number): Promise<void> {
    const { state } = await this.read(taskId);
    const { leaseEndsAtMs, snapshot } = state ?? {};
    if (leaseEndsAtMs === undefined || leaseEndsAtMs > byMs || !snapshot) {
      return;
    }
    const { offset } = snapshot;
    await this.publish(taskId, {
      kind: "lost",
      offset,
      endsAtMs: leaseEndsAtMs,
    });
  }

  #name(taskId: string): RedisTask {
    return nameTask(
      this.#prefix,
      this.database,
      this.#run,
      taskId,
      this.isCluster,
    );
  }
}

function lengthOf(events: readonly EncodedEvent[]): number {
  return events.reduce((sum, { json }) => sum + json.length, 0);
}
