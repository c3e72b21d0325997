import { log } from "../log/log.ts";
import { StoreUnavailableError } from "../tasks/store.ts";
import { PendingQuestion } from "./pending_question.ts";
import {
  type AnswerMessage,
  type AskedMessage,
  parseAnswer,
  parseAsked,
} from "./peer_messages.ts";
import type { Answer, Answers, Peers, Question } from "./peers.ts";
import type { RedisChannel } from "./redis_channel.ts";
import { RedisUserShard } from "./redis_user_shard.ts";
import { withFallback } from "../async/with_fallback.ts";

/** What {@linkcode RedisPeers} work with. */
export interface RedisPeersOptions {
  readonly channel: RedisChannel;
  /** What the names of all channels begin with. */
  readonly prefix: string;
  /** This node's id, unlike all others'. */
  readonly node: string;
  /** What the keys of the part of a user begin with, hash tag included. */
  readonly baseOf: (userId: string) => string;
  /** Answers what other nodes ask: see `answerQuestion`. */
  readonly answer: (question: Question) => Promise<Answer>;
  /**
   * How many nodes there are, this one included: where Redis can't tell how
   * many a question reaches.
   */
  readonly countNodes: () => Promise<number>;
}

/** How long the others are waited for, in milliseconds. */
const timeoutMs = 1_000;

/** How long what a node told of its users holds, in milliseconds: a dead one counts no longer. */
const lifeMs = 10_000;

/** The pause between two signs of life, in milliseconds. */
const beatMs = 2_500;

/**
 * The other nodes, over Redis. A question goes out on a channel that all hear,
 * and the answers come back on one of who asks; who has how many connections
 * is kept in Redis, see {@linkcode RedisUserShard}.
 */
export class RedisPeers implements Peers {
  readonly #options: RedisPeersOptions;
  readonly #shards = new Map<string, RedisUserShard>();
  readonly #asked = new Map<string, PendingQuestion>();
  /** How many others there were when it was last known. */
  #others = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: RedisPeersOptions) {
    this.#options = options;
  }

  /**
   * Hears the others from now on, and gives signs of life.
   *
   * @throws {StoreUnavailableError} When Redis can't be reached.
   */
  async start(): Promise<void> {
    const { channel, node } = this.#options;
    this.#timer ??= setInterval(() => this.#beat(), beatMs);
    await Promise.all([
      channel.subscribe(this.#questions, (text) => this.#hear(text)),
      channel.subscribe(this.#answersTo(node), (text) => this.#take(text)),
    ]);
  }

  /** Gives no more signs of life. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async ask(question: Question): Promise<Answers> {
    const message: AskedMessage = {
      id: crypto.randomUUID(),
      from: this.#options.node,
      question,
    };
    const collection = new PendingQuestion();
    this.#asked.set(message.id, collection);
    try {
      this.#send(message, collection).catch((error) => {
        reportFailure(error);
        collection.giveUp();
      });
      await withFallback(collection.complete, timeoutMs, undefined);
    } finally {
      this.#asked.delete(message.id);
    }
    const { others } = collection;
    if (others !== undefined) this.#others = others;
    return collection.result(Math.max(1, this.#others));
  }

  countUser(userId: string, here: number): Promise<number> {
    const base = this.#options.baseOf(userId);
    let shard = this.#shards.get(base);
    if (shard === undefined) {
      const { channel, node } = this.#options;
      shard = new RedisUserShard({ channel, base, node, timeoutMs, lifeMs });
      this.#shards.set(base, shard);
    }
    return shard.count(userId, here);
  }

  /** The channel that all nodes hear. */
  get #questions(): string {
    return `${this.#options.prefix}nodes`;
  }

  #answersTo(node: string): string {
    return `${this.#options.prefix}node:${node}`;
  }

  async #send(
    message: AskedMessage,
    collection: PendingQuestion,
  ): Promise<void> {
    const { channel, countNodes } = this.#options;
    const text = JSON.stringify(message);
    const reached = await channel.publish(this.#questions, text);
    collection.expect(reached ?? await countNodes());
  }

  #hear(text: string): void {
    const { node } = this.#options;
    const asked = parseAsked(text);
    if (asked === undefined) {
      log.warn("Another node asked what this one does not understand");
    } else if (asked.from === node) this.#asked.get(asked.id)?.echoed();
    else this.#answer(asked).catch(reportFailure);
  }

  async #answer({ id, from, question }: AskedMessage): Promise<void> {
    const { channel, node, answer } = this.#options;
    const message: AnswerMessage = {
      id,
      from: node,
      answer: await answer(question),
    };
    await channel.publish(this.#answersTo(from), JSON.stringify(message));
  }

  #take(text: string): void {
    const message = parseAnswer(text);
    if (message === undefined) {
      log.warn("Another node answered what this one does not understand");
      return;
    }
    // One that comes too late is nobody's any more.
    this.#asked.get(message.id)?.add(message.from, message.answer);
  }

  #beat(): void {
    for (const shard of this.#shards.values()) {
      shard.beat().catch(reportFailure);
    }
  }
}

/** An outage is reported by whoever holds the connection. */
function reportFailure(error: unknown): void {
  const level = error instanceof StoreUnavailableError ? "debug" : "error";
  log[level]("The other nodes could not be told: {error}", { error });
}
