import type { Answer, OtherNodes, Question } from "../cluster/other_nodes.ts";
import { log } from "../log/log.ts";
import {
  type Announce,
  type Announcement,
  StoreUnavailableError,
} from "../tasks/store.ts";
import type { LeasedStore } from "../store/lease.ts";
import { Calls, type Returned } from "./calls.ts";
import { Link, type LinkStreams } from "./link.ts";
import type {
  Call,
  StopRequest,
  SupervisorMessage,
  WorkerMessage,
  WorkerReady,
  WorkerStart,
} from "./messages.ts";
import { createOtherWorkers } from "./other_workers.ts";
import { createRemoteStore } from "./remote_store.ts";

/** A worker's end of the link to the supervisor. */
export class WorkerLink {
  readonly #link: Link<WorkerMessage, SupervisorMessage>;
  readonly #calls = new Calls();
  readonly #started = Promise.withResolvers<WorkerStart>();
  readonly #stopped = Promise.withResolvers<StopRequest>();
  readonly #gone = Promise.withResolvers<void>();
  #announce: Announce = () => 0;
  #answer: ((question: Question) => Promise<Answer>) | undefined;
  /** The other workers. */
  readonly otherWorkers: OtherNodes;

  constructor(streams: LinkStreams) {
    this.otherWorkers = createOtherWorkers((call) => this.#call(call));
    this.#link = new Link<WorkerMessage, SupervisorMessage>(streams, {
      onMessage: (head, texts) => this.#take(head, texts),
      onEnd: () => this.#end(),
    });
  }

  /**
   * Resolves to the worker's start data.
   *
   * @throws {Error} If the link ends first.
   */
  get started(): Promise<WorkerStart> {
    return this.#started.promise;
  }

  /** Resolves when the worker should stop. */
  get stopped(): Promise<StopRequest> {
    return this.#stopped.promise;
  }

  /** Resolves when the supervisor, and so the store, has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Opens the supervisor's store. Leases are watched by the supervisor. */
  openStore(announce: Announce): LeasedStore {
    this.#announce = announce;
    const store = createRemoteStore({
      call: (call, texts) => this.#call({ kind: "store", call }, texts),
      watch: (taskId, watchers, listeners) =>
        this.#link.send({ kind: "watch", taskId, watchers, listeners }),
      follow: (topic, isFollowed) =>
        this.#link.send({ kind: "follow", topic, isFollowed }),
    });
    return { store, leases: { start: () => Promise.resolve(), stop() {} } };
  }

  /** Sets the answers to questions; earlier questions get no answer. */
  answerQuestions(answer: (question: Question) => Promise<Answer>): void {
    this.#answer = answer;
  }

  /** Reports the worker as listening. */
  sendReady(ready: WorkerReady): void {
    this.#link.send({ kind: "ready", ready });
  }

  /** Reports why the worker can't start. */
  sendFailure(reason: string): void {
    this.#link.send({ kind: "failed", reason });
  }

  /** Resolves once all messages are written; the link ends with the process. */
  flush(): Promise<void> {
    return this.#link.flush();
  }

  /** Writes all messages and ends the link. */
  close(): Promise<void> {
    return this.#link.close();
  }

  #call(call: Call, texts?: readonly string[]): Promise<Returned> {
    return this.#calls.make((id) => this.#link.send({ ...call, id }, texts));
  }

  #take(message: SupervisorMessage, texts: readonly string[]): void {
    switch (message.kind) {
      case "start":
        return this.#started.resolve(message.start);
      case "stop":
        return this.#stopped.resolve(message.request);
      case "result":
        return this.#calls.resolve(message.id, {
          result: message.result,
          texts,
        });
      case "error":
        return this.#calls.reject(message.id, message.error);
      case "question":
        this.#answerTo(message.id, message.question);
        return;
      default:
        this.#announce(toAnnouncement(message, texts));
    }
  }

  async #answerTo(id: number, question: Question): Promise<void> {
    try {
      const answer = await this.#answer?.(question);
      if (answer) this.#link.send({ kind: "answer", id, answer });
    } catch (error) {
      // The asking worker counts this worker as silent.
      log.error("Could not answer a question of another worker: {error}", {
        error,
      });
    }
  }

  #end(): void {
    const gone = new StoreUnavailableError("The supervisor process has ended");
    this.#calls.fail(gone);
    this.#started.reject(gone);
    this.#gone.resolve();
  }
}

/** Decodes an announcement, once for all watchers of this worker. */
function toAnnouncement(
  message: SupervisorMessage & { readonly kind: Announcement["kind"] },
  [json = ""]: readonly string[],
): Announcement {
  if (message.kind === "event") {
    return { ...message, event: JSON.parse(json), json };
  }
  if (message.kind === "topic_changed") {
    return { ...message, state: JSON.parse(json) };
  }
  return message;
}
