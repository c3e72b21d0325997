import { Coalescer } from "../../async/coalescer.ts";
import { settle } from "../../async/settle.ts";
import { log } from "../../log/log.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { Announce } from "../../tasks/store.ts";
import type { Topic } from "../../tasks/topic.ts";
import { parseTopicMessage } from "./announcement.ts";
import { topicChannel } from "./keys.ts";

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
  readonly #channelBases: readonly string[];
  readonly #announce: Announce;
  readonly #followed = new Set<Topic>();
  readonly #subscribed = new WeakMap<RedisClient, Subscribed>();
  #lastMessage = "";

  /** @param channelBases The beginnings of the channels of each topic. */
  constructor(channelBases: readonly string[], announce: Announce) {
    this.#channelBases = channelBases;
    this.#announce = announce;
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
      this.#announce({ kind: "topic_missed", topic });
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
      const channels = this.#channelBases.map((base) =>
        topicChannel(base, topic)
      );
      if (isFollowed) {
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
    this.#announce(parsed.value);
  };
}
