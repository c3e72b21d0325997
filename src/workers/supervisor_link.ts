import { encodeMessage, Link, type LinkStreams } from "./link.ts";
import type {
  Call,
  SupervisorMessage,
  WorkerMessage,
  WorkerReady,
  WorkerStart,
} from "./messages.ts";
import { sendError } from "./sent_error.ts";
import type { SharedWorkers, WorkersClient } from "./shared_workers.ts";
import type { SharedStore, StoreClient } from "./shared_store.ts";

/** The most unwritten code units in the pushes to a worker. */
const maxPushed = 67_108_864;

/** The parts shared by all workers. */
export interface Shared {
  readonly store: SharedStore;
  readonly workers: SharedWorkers;
}

/** Options of a {@linkcode SupervisorLink}. */
export interface WorkerLinkOptions {
  /** Called when the worker listens. */
  readonly onReady: (ready: WorkerReady) => void;
  /** Called with the reason if the worker can't start. */
  readonly onFailed: (reason: string) => void;
  /** Called if the worker does not read its messages. */
  readonly onStalled: () => void;
}

/** The supervisor's end of the link to one worker. */
export class SupervisorLink {
  readonly #link: Link<SupervisorMessage, WorkerMessage>;
  readonly #options: WorkerLinkOptions;
  readonly #store: StoreClient;
  readonly #workers: WorkersClient;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    streams: LinkStreams,
    shared: Shared,
    options: WorkerLinkOptions,
  ) {
    this.#options = options;
    this.#link = new Link<SupervisorMessage, WorkerMessage>(streams, {
      onMessage: (message, texts) => this.#take(message, texts),
      onEnd: () => this.#end(),
      maxPushed,
      onOverflow: options.onStalled,
    });
    this.#store = shared.store.join((line) => this.#link.push(line));
    this.#workers = shared.workers.join((id, question) => {
      this.#link.push(
        encodeMessage(
          { kind: "question", id, question } satisfies SupervisorMessage,
        ),
      );
    });
  }

  /** Resolves when the worker has ended and all messages of the worker were taken. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Sends the worker its start data. */
  start(start: WorkerStart): void {
    this.#link.send({ kind: "start", start });
  }

  /**
   * Asks the worker to drain and end.
   *
   * @param timeoutMs The time limit; by default the drain time.
   */
  stop(timeoutMs?: number): void {
    this.#link.send({
      kind: "stop",
      request: timeoutMs === undefined ? {} : { timeoutMs },
    });
  }

  /** Closes the streams of an ended worker. */
  close(): Promise<void> {
    return this.#link.close();
  }

  #take(message: WorkerMessage, texts: readonly string[]): void {
    switch (message.kind) {
      case "watch":
        return this.#store.watch(
          message.taskId,
          message.watchers,
          message.listeners,
        );
      case "follow":
        return this.#store.follow(message.topic, message.isFollowed);
      case "answer":
        return this.#workers.answer(message.id, message.answer);
      case "ready":
        return this.#options.onReady(message.ready);
      case "failed":
        return this.#options.onFailed(message.reason);
      default:
        this.#carryOut(message, texts);
    }
  }

  async #carryOut(
    message: Call & { readonly id: number },
    texts: readonly string[],
  ): Promise<void> {
    const { id } = message;
    try {
      const returned = await this.#resultOf(message, texts);
      const { result } = returned;
      this.#link.send({ kind: "result", id, result }, returned.texts);
    } catch (error) {
      this.#link.send({ kind: "error", id, error: sendError(error) });
    }
  }

  async #resultOf(
    message: Call,
    texts: readonly string[],
  ): Promise<{ result: unknown; texts?: readonly string[] }> {
    switch (message.kind) {
      case "store":
        return await this.#store.call(message.call, texts);
      case "ask":
        return { result: await this.#workers.ask(message.question) };
      case "count_user": {
        const { userId, here } = message;
        return { result: this.#workers.countUser(userId, here) };
      }
    }
  }

  #end(): void {
    this.#store.leave();
    this.#workers.leave();
    this.#ended.resolve();
  }
}
