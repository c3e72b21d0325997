/** The most bytes handed over at a time: handed over counts as sent. */
const maxChunkBytes = 65_536;

/**
 * The body of a streamed answer. Bytes can be written at any time, and are
 * handed over when the runtime asks for more, at the pace of the reading
 * client. Except for the kernel's buffers, the waiting bytes are therefore the
 * bytes not read by the client. Small pieces leave together.
 */
export class SseBody {
  readonly stream: ReadableStream<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Set while the runtime waits for more bytes. */
  #asking: ReadableStreamDefaultController | undefined;
  #isEnded = false;

  constructor() {
    this.stream = new ReadableStream({
      pull: (controller) => {
        this.#asking = controller;
        this.#handOver();
      },
      cancel: () => {
        this.#asking = undefined; // a cancelled stream can't be closed
        this.end();
        this.drop();
      },
    }, { highWaterMark: 0 });
  }

  /** The number of bytes not yet taken by the runtime. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Appends bytes, which must not change later; ignored after the end. */
  write(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#handOver();
  }

  /** Ends the body after the waiting bytes. */
  end(): void {
    this.#isEnded = true;
    this.#handOver();
  }

  /** Drops the waiting bytes; an event already begun may stay incomplete. */
  drop(): void {
    this.#pieces = [];
    this.#waitingBytes = 0;
    this.#handOver();
  }

  #handOver(): void {
    const controller = this.#asking;
    if (controller === undefined) return;
    if (this.#waitingBytes > 0) {
      this.#asking = undefined;
      controller.enqueue(this.#take());
    } else if (this.#isEnded) {
      this.#asking = undefined;
      controller.close();
    }
  }

  #take(): Uint8Array {
    const chunk = new Uint8Array(Math.min(this.#waitingBytes, maxChunkBytes));
    let length = 0;
    let taken = 0;
    while (length < chunk.length) {
      const piece = this.#pieces[taken];
      if (piece === undefined) break;
      const part = piece.subarray(0, chunk.length - length);
      chunk.set(part, length);
      length += part.length;
      if (part.length < piece.length) {
        this.#pieces[taken] = piece.subarray(part.length);
      } else taken += 1;
    }
    this.#pieces.splice(0, taken);
    this.#waitingBytes -= length;
    return chunk;
  }
}
