import type { Answer, Peers, Question } from "../cluster/peers.ts";
import {
  type Announce,
  type Announcement,
  StoreUnavailableError,
} from "../store/store.ts";
import type { OpenedStore } from "../store/open_store.ts";
import type { Siblings } from "../siblings.ts";
import { Calls, type Returned } from "./calls.ts";
import { Link, type LinkStreams } from "./link.ts";
import type {
  Call,
  StopRequest,
  SupervisorMessage,
  WorkerMessage,
  WorkerQuestion,
  WorkerReady,
  WorkerStart,
} from "./messages.ts";
import { type AnswerSibling, createRemoteSiblings } from "./remote_siblings.ts";
import { createRemotePeers } from "./remote_peers.ts";
import { createRemoteStore } from "./remote_store.ts";

/** A worker's end of the link to its supervisor. */
export class SupervisorLink {
  readonly #link: Link<WorkerMessage, SupervisorMessage>;
  readonly #calls = new Calls();
  readonly #started = Promise.withResolvers<WorkerStart>();
  readonly #stopped = Promise.withResolvers<StopRequest>();
  readonly #gone = Promise.withResolvers<void>();
  #announce: Announce = () => 0;
  #answer: ((question: Question) => Answer) | undefined;
  #answerSibling: AnswerSibling | undefined;
  /** The other workers, as parts of one server. */
  readonly siblings: Siblings;
  constructor(streams: LinkStreams) {
    this.siblings = createRemoteSiblings((call) => this.#call(call));
    this.#link = new Link<WorkerMessage, SupervisorMessage>(streams, {
      onMessage: (head, texts) => this.#take(head, texts),
      onEnd: () => this.#end(),
    });
  }

  /**
   * Resolves to what the worker is to begin with.
   *
   * @throws {Error} When the link ends before that has come.
   */
  get started(): Promise<WorkerStart> {
    return this.#started.promise;
  }

  /** Resolves when the worker is to stop. */
  get stopped(): Promise<StopRequest> {
    return this.#stopped.promise;
  }

  /** Resolves when the supervisor has gone, and the store with it. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** The supervisor's store; who owns it watches its leases. */
  openStore(announce: Announce): OpenedStore {
    this.#announce = announce;
    const store = createRemoteStore({
      call: (call, texts) => this.#call({ kind: "store", call }, texts),
      watch: (connectionId, watchers) =>
        this.#link.send({ kind: "watch", connectionId, watchers }),
    });
    return {
      store,
      leases: { start: () => Promise.resolve(), stop() {} },
      joinPeers: (answer) => this.joinPeers(answer),
    };
  }

  /**
   * Finds the other workers.
   *
   * @param answer Answers what they ask; what came before stays without an answer.
   */
  joinPeers(answer: (question: Question) => Answer): Peers {
    this.#answer = answer;
    return createRemotePeers((call) => this.#call(call));
  }

  /** Answers what the other workers ask as parts of one server; what came before stays without an answer. */
  answerSiblings(answer: AnswerSibling): void {
    this.#answerSibling = answer;
  }

  /** Tells that the worker listens. */
  sendReady(ready: WorkerReady): void {
    this.#link.send({ kind: "ready", ready });
  }

  /** Tells why the worker can't begin. */
  sendFailure(reason: string): void {
    this.#link.send({ kind: "failed", reason });
  }

  /** Resolves when what waits is written; the link ends with the process. */
  flush(): Promise<void> {
    return this.#link.flush();
  }

  /** Sends what waits, and ends the link. */
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
        this.#answerQuestion(message.id, message.question);
        return;
      default:
        this.#announce(toAnnouncement(message, texts));
    }
  }

  async #answerQuestion(id: number, question: WorkerQuestion): Promise<void> {
    const answer = question.kind === "scrape" || question.kind === "stats"
      ? await this.#answerSibling?.(question)
      : this.#answer?.(question);
    if (answer) this.#link.send({ kind: "answer", id, answer });
  }

  #end(): void {
    const gone = new StoreUnavailableError("The supervisor has gone");
    this.#calls.fail(gone);
    this.#started.reject(gone);
    this.#gone.resolve();
  }
}

/** What was announced, with the event decoded once for all who watch here. */
function toAnnouncement(
  message: SupervisorMessage & { readonly kind: Announcement["kind"] },
  [json = ""]: readonly string[],
): Announcement {
  return message.kind === "event"
    ? { ...message, event: JSON.parse(json), json }
    : message;
}
