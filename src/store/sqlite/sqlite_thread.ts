import { Pause } from "../../async/pause.ts";
import { log } from "../../log/log.ts";
import { sourceFile } from "../../process/source_files.ts";
import { StoreOpenError, StoreUnavailableError } from "../../tasks/store.ts";
import { asUnavailable, explain } from "./error.ts";
import type {
  CallMessage,
  Opened,
  OpenOptions,
  ReplyMessage,
  ThreadCalls,
  ThreadError,
} from "./thread_calls.ts";

/** The part of a `Worker` that {@linkcode SqliteThread} uses. */
export interface ThreadWorker {
  onmessage: ((event: MessageEvent<ReplyMessage>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: CallMessage): void;
  terminate(): void;
}

/** Starts a thread that runs the module `thread.ts`. */
export type StartThread = (name: string) => ThreadWorker;

/**
 * Starts a thread that runs the module `thread.ts`.
 *
 * @throws {StoreUnavailableError} If the process has too few free descriptors:
 * the runtime would end the process.
 */
export const startThread: StartThread = (name) => {
  assertDescriptors();
  const module = sourceFile("store/sqlite/thread.ts");
  return new Worker(module, { type: "module", name });
};

/** The file descriptors that a thread needs at its start, and some more. */
const threadDescriptors = 64;

function assertDescriptors(): void {
  if (Deno.build.os === "windows") return;
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < threadDescriptors) {
      files.push(Deno.openSync("/dev/null"));
    }
  } catch (error) {
    throw new StoreUnavailableError(
      "too few file descriptors to start a thread of the store: raise the limit (LimitNOFILE= of systemd, ulimit -n)",
      { cause: error },
    );
  } finally {
    for (const file of files) file.close();
  }
}

/**
 * The thread ended during a call. A change was either stored as a whole or not
 * at all.
 */
export class ThreadEndedError extends StoreUnavailableError {
  override readonly name: string = "ThreadEndedError";
}

/** The first and the longest pause before a restart, in milliseconds. */
const restartPausesMs = { first: 100, longest: 10_000 };

/**
 * A thread that works on the database. A thread that ends because of a fault is
 * started again, after a pause that grows while starts fail.
 */
export class SqliteThread {
  readonly #name: string;
  readonly #start: StartThread;
  #link: ThreadLink | undefined;
  readonly #restart = new Pause();
  #restored: Promise<void> = Promise.resolve();

  /** Starts the thread; {@linkcode SqliteThread.open} opens the database. */
  constructor(name: string, start: StartThread) {
    this.#name = name;
    this.#start = start;
    this.#link = new ThreadLink(start(name));
  }

  /** Resolves when an ended thread has been started again, or given up. */
  get restored(): Promise<void> {
    return this.#restored;
  }

  /**
   * Opens the database.
   *
   * @throws {StoreOpenError} If the file can't be used.
   */
  async open(options: OpenOptions): Promise<Opened> {
    const opened = await this.call("open", options);
    this.#link?.whenEnded((reason) => this.#onEnd(reason, options));
    return opened;
  }

  /**
   * Calls the thread.
   *
   * @throws {StoreUnavailableError} If the database refuses, or the thread has
   * ended.
   */
  async call<Method extends keyof ThreadCalls>(
    method: Method,
    ...[argument]: Parameters<ThreadCalls[Method]>
  ): Promise<ReturnType<ThreadCalls[Method]>> {
    if (this.#link !== undefined) return await this.#link.ask(method, argument);
    throw new StoreUnavailableError(
      "The thread of the store has ended and is being restarted",
    );
  }

  /** Closes the database and ends the thread, after all earlier calls. */
  async close(): Promise<void> {
    this.#restart.end();
    await this.#restored;
    const link = this.#link;
    this.#link = undefined;
    try {
      const reason = await link?.ask<string | undefined>("close", undefined);
      if (reason === undefined) return;
      log.warn(
        "The store could not be marked as closed, so watchers can't resume if the system restarts before the server does: {reason}",
        { reason: explain(reason) },
      );
    } finally {
      link?.terminate();
    }
  }

  /** Ends the thread at once; the pending calls reject. */
  abandon(): void {
    this.#restart.end();
    this.#link?.abandon();
    this.#link = undefined;
  }

  #onEnd(reason: string, options: OpenOptions): void {
    this.#link = undefined;
    log.error("The {name} thread has ended, restarting: {reason}", {
      name: this.#name,
      reason,
    });
    this.#restored = this.#restore(options);
  }

  async #restore(options: OpenOptions): Promise<void> {
    const { first, longest } = restartPausesMs;
    for (let pauseMs = first;; pauseMs = Math.min(2 * pauseMs, longest)) {
      await this.#restart.wait(pauseMs);
      if (this.#restart.isOver) return;
      let link: ThreadLink | undefined;
      try {
        link = new ThreadLink(this.#start(this.#name));
        await link.ask("open", options);
      } catch (error) {
        link?.terminate();
        log.error("Could not restart the {name} thread, retrying: {error}", {
          name: this.#name,
          error,
        });
        continue;
      }
      this.#link = link;
      link.whenEnded((reason) => this.#onEnd(reason, options));
      log.info("The {name} thread works again", { name: this.#name });
      return;
    }
  }
}

/** A call without a reply so far. */
interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The calls to one running thread. */
class ThreadLink {
  readonly #worker: ThreadWorker;
  readonly #calls = new Map<number, PendingCall>();
  #lastCall = 0;
  #endedBy: string | undefined;
  #onEnd: (reason: string) => void = () => {};

  constructor(worker: ThreadWorker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#settle(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end(event.message);
    };
  }

  /**
   * Calls back if the thread ends because of a fault, before the pending calls
   * reject.
   */
  whenEnded(onEnd: (reason: string) => void): void {
    this.#onEnd = onEnd;
  }

  ask<Result>(method: keyof ThreadCalls, argument: unknown): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#endedBy !== undefined) {
        reject(endedError(this.#endedBy));
        return;
      }
      const call = ++this.#lastCall;
      this.#calls.set(call, { resolve, reject });
      this.#worker.postMessage([call, method, argument]);
    });
  }

  terminate(): void {
    this.#worker.terminate();
  }

  /** Ends the thread without a restart; the pending calls reject. */
  abandon(): void {
    this.#onEnd = () => {};
    this.#end("the store is closing");
  }

  #settle([call, result, error]: ReplyMessage): void {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    if (error === undefined) pending?.resolve(result as never);
    else pending?.reject(errorOf(error));
  }

  #end(reason: string): void {
    this.#endedBy = reason;
    this.#worker.terminate();
    this.#onEnd(reason);
    for (const { reject } of this.#calls.values()) reject(endedError(reason));
    this.#calls.clear();
  }
}

function endedError(reason: string): ThreadEndedError {
  return new ThreadEndedError(`The thread of the store has ended: ${reason}`);
}

function errorOf({ message, code, isOpenError }: ThreadError): unknown {
  if (isOpenError) return new StoreOpenError(message);
  const error = new Error(message);
  return asUnavailable(
    code === undefined ? error : Object.assign(error, { code }),
  );
}
