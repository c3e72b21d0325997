import {
  startThread,
  type ThreadWorker,
} from "../../../src/store/sqlite/sqlite_thread.ts";

/** Starts real threads that can be made to end. */
export class FragileThreads {
  readonly #starts = new Map<string, number>();
  readonly #ending = new Set<string>();
  readonly #waiting: { isMet: () => boolean; resolve: () => void }[] = [];
  readonly #replies = new Map<string, number>();

  readonly start = (name: string): ThreadWorker => {
    count(this.#starts, name);
    this.#replies.delete(name);
    const worker = startThread(name);
    const thread: ThreadWorker = {
      onmessage: null,
      onerror: null,
      postMessage: (message) => worker.postMessage(message),
      terminate: () => worker.terminate(),
    };
    worker.onmessage = (event) => {
      if (this.#ending.delete(name)) {
        worker.terminate();
        const error = new ErrorEvent("error", { message: "killed" });
        thread.onerror?.(error);
        return;
      }
      thread.onmessage?.(event);
      count(this.#replies, name);
      this.#look();
    };
    this.#look();
    return thread;
  };

  /** Ends the thread of this name in place of the next reply. */
  endBeforeReply(name: string): void {
    this.#ending.add(name);
  }

  /** Resolves when a thread of this name has been started so many times. */
  started(name: string, times: number): Promise<void> {
    return this.#until(() => (this.#starts.get(name) ?? 0) >= times);
  }

  /** Resolves when the newest thread of this name has replied. */
  replied(name: string): Promise<void> {
    return this.#until(() => this.#replies.has(name));
  }

  #until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isMet, resolve });
      this.#look();
    });
  }

  #look(): void {
    for (const { isMet, resolve } of this.#waiting) if (isMet()) resolve();
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
