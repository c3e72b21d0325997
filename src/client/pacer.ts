/**
 * Limits the rate of frames to suit a server with a `TASKWIRE_MESSAGE_RATE` of
 * 10 (a burst of 20), with a margin for pings and for a network delivering late
 * frames in a batch. The default rate of a server is higher, but the client
 * cannot learn the rate before the server closes the socket.
 */
export class Pacer<Frame> {
  readonly #deliver: (frame: Frame) => void;
  readonly #waiting: Frame[] = [];
  /** The most frames to send at once. */
  #burst = 16;
  #intervalMs = 110;
  #free = this.#burst;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(deliver: (frame: Frame) => void) {
    this.#deliver = deliver;
  }

  /** Sends a frame now, or after the waiting frames. */
  push(frame: Frame): void {
    this.#waiting.push(frame);
    this.#flush();
  }

  /** Drops the waiting frames: the connection is closed, and a new one starts with a full burst. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#free = this.#burst;
  }

  /** Halves the rate, after the server has answered `rate_limited`. */
  slowDown(): void {
    this.#burst = Math.max(1, this.#burst / 2);
    this.#intervalMs *= 2;
    this.reset();
  }

  #flush(): void {
    for (; this.#free >= 1 && this.#waiting.length > 0; this.#free--) {
      this.#deliver(this.#waiting.shift() as Frame);
    }
    if (this.#free >= this.#burst) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#free++;
      this.#flush();
    }, this.#intervalMs);
  }
}
