import { deadline } from "./deadline.ts";
import { type Frame, TestSocket } from "./socket.ts";

/** What a watcher has seen of one life of a task's history. */
export interface SeenLife {
  readonly epoch: string;
  /** Where it began: what the `sync` said. */
  readonly from: number;
  /** Whether the `sync` knew of a task. */
  readonly hasTask: boolean;
  /** The events' offsets, in the order of their coming; merged ones count as come. */
  readonly offsets: number[];
  /** The events' ids by their offsets; not of those that were merged. */
  readonly eventIds: Map<number, string>;
}

/**
 * A watcher of one task that never connects again: what it sees, it sees over
 * one connection, whatever becomes of the store meanwhile. Dispose of it to
 * disconnect.
 */
export class UnbrokenWatcher implements AsyncDisposable {
  /** One for each `sync`. */
  readonly lives: SeenLife[] = [];
  /** Frames so far. */
  frameCount = 0;
  /** Frames that are neither `connected`, `sync` nor `task`. */
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

  /** What it has seen since the last `sync`. */
  get life(): SeenLife | undefined {
    return this.lives.at(-1);
  }

  /** The last offset seen in this life. */
  get offset(): number {
    return this.life?.offsets.at(-1) ?? this.life?.from ?? 0;
  }

  /** Whether each life's offsets go up by one from where it began. */
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
   * Waits until something was seen.
   *
   * @throws {Error} When its connection ends before, or nothing comes.
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
