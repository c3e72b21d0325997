import { deadline } from "./deadline.ts";
import { type Frame, TestSocket } from "./socket.ts";

/** The events of a single life of a task's history, as seen by a watcher. */
export interface SeenLife {
  readonly epoch: string;
  /** The offset in the `sync`. */
  readonly from: number;
  /** True if the `sync` had a task. */
  readonly hasTask: boolean;
  /** The offsets of the events, in order of arrival. Merged events count as received. */
  readonly offsets: number[];
  /** The ids of unmerged events, by offset. */
  readonly eventIds: Map<number, string>;
}

/**
 * A watcher of a task over a single connection, through all faults of the
 * store: never reconnects. Disposing disconnects.
 */
export class UnbrokenWatcher implements AsyncDisposable {
  /** The lives, beginning with a `sync`. */
  readonly lives: SeenLife[] = [];
  /** The number of received frames. */
  frameCount = 0;
  /** Frames other than `connected`, `sync` and `task`. */
  readonly others: Frame[] = [];
  readonly #name: string;
  readonly #socket: TestSocket;
  readonly #watching: Promise<void>;
  #isOver = false;
  #wake = () => {};

  constructor(origin: string, taskId: string) {
    this.#name = `a watcher of ${taskId} at ${origin}`;
    const id = encodeURIComponent(taskId);
    this.#socket = new TestSocket(
      `${origin.replace("http", "ws")}/ws/realtime/${id}`,
    );
    this.#watching = this.#watch();
    this.#watching.catch(() => this.#wake());
  }

  /** The events since the last `sync`. */
  get life(): SeenLife | undefined {
    return this.lives.at(-1);
  }

  /** The last offset seen in the current life. */
  get offset(): number {
    return this.life?.offsets.at(-1) ?? this.life?.from ?? 0;
  }

  /** True if the offsets of every life are consecutive from the start. */
  get isContiguous(): boolean {
    return this.lives.every(({ from, offsets }) =>
      offsets.every((offset, index) => offset === from + index + 1)
    );
  }

  /** Resolves when the socket is open. */
  get opened(): Promise<void> {
    return this.#socket.opened;
  }

  /**
   * Waits for a condition.
   *
   * @throws {Error} If the connection ends before, or no frame arrives.
   */
  async until(condition: (watcher: this) => boolean): Promise<void> {
    while (!condition(this)) {
      const frame = new Promise<void>((resolve) => this.#wake = resolve);
      await deadline(
        Promise.race([frame, this.#watching]),
        () => `${this.#name} is at ${this.offset} of ${this.life?.epoch}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#socket[Symbol.asyncDispose]();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for (;;) {
      try {
        this.#take(await this.#socket.nextFrame());
      } catch (error) {
        if (this.#isOver) return;
        throw error;
      }
      this.#wake();
    }
  }

  #take(frame: Frame): void {
    this.frameCount += 1;
    if (frame.type === "connected") return;
    if (frame.type === "sync") {
      this.lives.push({
        epoch: String(frame.epoch),
        from: Number(frame.offset),
        hasTask: frame.task !== null,
        offsets: [],
        eventIds: new Map(),
      });
    } else if (frame.type === "task") {
      if (!this.life) throw new Error("An event before sync");
      const { offset, skipped = 0 } = frame;
      for (let step = Number(skipped); step >= 0; step--) {
        this.life.offsets.push(Number(offset) - step);
      }
      this.life.eventIds.set(Number(offset), String(frame.event_id));
    } else this.others.push(frame);
  }
}
