import { type Frame, TestSocket } from "./socket.ts";

/** The events seen by a watcher. */
export interface Seen {
  /** The offsets of the received events, in order of arrival. Merged events count as received. */
  readonly offsets: readonly number[];
  /** The number of resumes after a lost connection. */
  readonly resumes: number;
  /** The number of events merged into later events. */
  readonly skipped: number;
}

/**
 * A client according to the contract: reconnects after every lost connection,
 * and resumes by the last seen epoch and offset.
 */
export class ResumingWatcher {
  readonly #url: () => string;
  readonly #offsets: number[] = [];
  #position: { epoch: string; offset: number } | undefined;
  #resumes = 0;
  #skipped = 0;
  #isOver = false;
  #socket: TestSocket | undefined;
  #onProgress = () => {};
  readonly #watching: Promise<void>;
  /** Resolves with the first `sync`. */
  readonly joined: Promise<void>;
  #onJoined = () => {};

  /**
   * @param origin The server; a function is called for every connection.
   * @param position The position to begin at, as if seen before.
   * @param token The token in the URLs.
   */
  constructor(
    origin: string | (() => string),
    taskId: string,
    position?: { epoch: string; offset: number },
    token?: string,
  ) {
    const id = encodeURIComponent(taskId);
    this.#url = () => {
      const at = typeof origin === "string" ? origin : origin();
      const query = new URLSearchParams({
        ...(token === undefined ? {} : { token }),
        ...(this.#position && {
          epoch: this.#position.epoch,
          offset: String(this.#position.offset),
        }),
      });
      return `${at.replace("http", "ws")}/ws/realtime/${id}?${query}`;
    };
    this.#position = position;
    this.joined = new Promise((resolve) => this.#onJoined = resolve);
    this.#watching = this.#watch();
  }

  /** Waits until an offset was seen, then disconnects. */
  async seenUntil(offset: number): Promise<Seen> {
    await new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if ((this.#position?.offset ?? 0) >= offset) resolve();
      };
      this.#onProgress();
    });
    this.#isOver = true;
    this.#socket?.raw.close();
    await this.#watching;
    return {
      offsets: this.#offsets,
      resumes: this.#resumes,
      skipped: this.#skipped,
    };
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const socket = this.#socket = new TestSocket(this.#url());
      try {
        for (;;) this.#take(await socket.nextFrame());
      } catch (error) {
        if (!(error instanceof Error && /ended/.test(error.message))) {
          throw error;
        }
      }
      if (!this.#isOver) await new Promise((retry) => setTimeout(retry, 20));
    }
  }

  #take(frame: Frame): void {
    if (frame.type === "sync") {
      this.#sync(frame);
      this.#onJoined();
    }
    if (frame.type === "task") {
      const skipped = Number(frame.skipped ?? 0);
      const offset = Number(frame.offset);
      for (let step = skipped; step >= 0; step--) {
        this.#offsets.push(offset - step);
      }
      this.#skipped += skipped;
      if (this.#position) this.#position.offset = offset;
    }
    this.#onProgress();
  }

  #sync({ epoch, offset, recovered }: Frame): void {
    if (this.#position) {
      if (!recovered) throw new Error("The watcher could not resume");
      this.#resumes += 1;
    }
    this.#position = { epoch: String(epoch), offset: Number(offset) };
  }
}
