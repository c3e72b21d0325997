import { log } from "../log/log.ts";
import { StoreUnavailableError } from "../tasks/store.ts";
import { PendingQuestion } from "./pending_question.ts";
import {
  type AnswerMessage,
  type AskedMessage,
  parseAnswer,
  parseAsked,
} from "./node_messages.ts";
import type { Answer, Answers, OtherNodes, Question } from "./other_nodes.ts";
import type { RedisChannel } from "./redis_channel.ts";
import { RedisUserShard } from "./redis_user_shard.ts";
import { withFallback } from "../async/with_fallback.ts";

/** Options of {@linkcode RedisNodes}. */
export interface RedisNodesOptions {
  readonly channel: RedisChannel;
  /** The prefix of all channels. */
  readonly prefix: string;
  /** The node's unique id. */
  readonly node: string;
  /** Returns the key prefix of a user's shard, including the hash tag. */
  readonly baseOf: (userId: string) => string;
  /** Answers questions of other nodes: see `answerQuestion`. */
  readonly answer: (question: Question) => Promise<Answer>;
  /**
   * Counts all nodes, including this node; used if Redis can't count the
   * receivers of a question.
   */
  readonly countNodes: () => Promise<number>;
}

/** The longest wait for other nodes, in milliseconds. */
const timeoutMs = 1_000;

/**
 * The lifetime of a node's user counts without a heartbeat, in milliseconds:
 * dead nodes stop counting.
 */
const lifeMs = 10_000;

/** The pause between two heartbeats, in milliseconds. */
const heartbeatMs = 2_500;

/**
 * The other nodes, reached through Redis. Questions go to a channel shared by
 * all nodes, and answers to a channel of the asking node. User counts are kept
 * in Redis, see {@linkcode RedisUserShard}.
 */
export class RedisNodes implements OtherNodes {
  readonly #options: RedisNodesOptions;
  readonly #shards = new Map<string, RedisUserShard>();
  readonly #asked = new Map<string, PendingQuestion>();
  /** The last known number of other nodes. */
  #others = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: RedisNodesOptions) {
    this.#options = options;
  }

  /**
   * Subscribes to questions and answers, and starts the heartbeats.
   *
   * @throws {StoreUnavailableError} If Redis can't be reached.
   */
  async start(): Promise<void> {
    const { channel, node } = this.#options;
    this.#timer ??= setInterval(() => this.#heartbeat(), heartbeatMs);
    await Promise.all([
      channel.subscribe(this.#questions, (text) => this.#hear(text)),
      channel.subscribe(this.#answersTo(node), (text) => this.#take(text)),
    ]);
  }

  /** Stops the heartbeats. */
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

  /** The channel of all nodes. */
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
      log.warn(
        "Ignored a question from another node, perhaps of another version of taskwire",
      );
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
      log.warn(
        "Ignored an answer from another node, perhaps of another version of taskwire",
      );
      return;
    }
    // Late answers are dropped.
    this.#asked.get(message.id)?.add(message.from, message.answer);
  }

  #heartbeat(): void {
    for (const shard of this.#shards.values()) {
      shard.heartbeat().catch(reportFailure);
    }
  }
}

/** Logs a failure; the connection reports outages, so at level debug. */
function reportFailure(error: unknown): void {
  const level = error instanceof StoreUnavailableError ? "debug" : "error";
  log[level]("Could not reach the other nodes: {error}", { error });
}
