import { Coalescer } from "../../async/coalescer.ts";
import { settle } from "../../async/settle.ts";
import { log } from "../../log/log.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { Announce } from "../../tasks/store.ts";
import type { Topic } from "../../tasks/topic.ts";
import { parseTopicMessage } from "./announcement.ts";
import { topicChannel } from "./keys.ts";

/** Options of {@linkcode FollowedTopics}. */
export interface FollowedTopicsOptions {
  /** The beginnings of the channels of each topic. */
  readonly channelBases: readonly string[];
  /** Makes Redis publish on the channels, as long as heartbeats follow. */
  readonly listen: (client: RedisClient) => Promise<void>;
  readonly announce: Announce;
}

/** The topics of one connection. */
interface Subscribed {
  readonly topics: Set<Topic>;
  readonly changes: Coalescer;
}

/**
 * The topics followed in this process, and the subscriptions to their channels.
 * Subscriptions of a topic are changed one after the other, each to the state
 * wanted at that time.
 */
export class FollowedTopics {
  readonly #options: FollowedTopicsOptions;
  readonly #followed = new Set<Topic>();
  readonly #subscribed = new WeakMap<RedisClient, Subscribed>();
  /** The listening for the topics of one connection; absent without topics. */
  #listening:
    | { readonly client: RedisClient; readonly done: Promise<void> }
    | undefined;
  #lastMessage = "";

  constructor(options: FollowedTopicsOptions) {
    this.#options = options;
  }

  /** True while any topic is followed. */
  get isListening(): boolean {
    return this.#followed.size > 0;
  }

  /**
   * Starts or stops following a topic.
   *
   * @param client `undefined` without a connection.
   * @returns Resolves once changes of the topic's tasks are announced.
   */
  async follow(
    topic: Topic,
    isFollowed: boolean,
    client: RedisClient | undefined,
  ): Promise<void> {
    if (isFollowed) this.#followed.add(topic);
    else this.#followed.delete(topic);
    if (!this.isListening) this.#listening = undefined;
    // A message may have been missed since, so an equal message may be news: the
    // second deletion of a task.
    this.#lastMessage = "";
    if (client) await this.#change(topic, client);
  }

  /** True unless a connection is subscribed to the followed topics alone. */
  isOutdated(client: RedisClient): boolean {
    const { topics } = this.#of(client);
    return topics.symmetricDifference(this.#followed).size > 0;
  }

  /** Subscribes a new connection to the topics that are followed by now. */
  async update(client: RedisClient): Promise<void> {
    const changed = this.#of(client).topics.symmetricDifference(this.#followed);
    await Promise.all([...changed].map((topic) => this.#change(topic, client)));
  }

  /** Announces that messages may have been lost. */
  announceMissed(): void {
    this.#lastMessage = "";
    for (const topic of this.#followed) {
      this.#options.announce({ kind: "topic_missed", topic });
    }
  }

  #of(client: RedisClient): Subscribed {
    const known = this.#subscribed.get(client);
    if (known) return known;
    const subscribed = { topics: new Set<Topic>(), changes: new Coalescer() };
    this.#subscribed.set(client, subscribed);
    return subscribed;
  }

  #change(topic: Topic, client: RedisClient): Promise<void> {
    const { topics, changes } = this.#of(client);
    return changes.run(topic, async () => {
      const isFollowed = this.#followed.has(topic);
      if (isFollowed === topics.has(topic)) return;
      const channels = this.#options.channelBases.map((base) =>
        topicChannel(base, topic)
      );
      if (isFollowed) {
        await this.#listen(client);
        await client.subscribe(channels, this.#onMessage);
        topics.add(topic);
      } else {
        await Promise.all(
          channels.map((name) => client.unsubscribe(name, this.#onMessage)),
        );
        topics.delete(topic);
      }
    });
  }

  #listen(client: RedisClient): Promise<void> {
    if (this.#listening?.client === client) return this.#listening.done;
    const done = this.#options.listen(client);
    const listening = this.#listening = { client, done };
    done.catch(() => {
      if (this.#listening === listening) this.#listening = undefined;
    });
    return done;
  }

  readonly #onMessage = (message: string, channel: string): void => {
    // A change of a task with several followed topics comes once per topic.
    if (message === this.#lastMessage) return;
    this.#lastMessage = message;
    const parsed = settle(() => parseTopicMessage(message));
    if (parsed.status === "rejected") {
      // An exception would end the connection to Redis.
      log.warn(
        "Ignored a message on a topic's channel, from another program or version: {error}",
        { channel, error: parsed.reason },
      );
      return;
    }
    this.#options.announce(parsed.value);
  };
}
