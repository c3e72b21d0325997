/** The most bytes handed over at a time: what the runtime has taken counts as sent. */
const maxChunkBytes = 65_536;

/**
 * The body of an answer that goes on: written to at any time, handed over when
 * the runtime asks for more, and it asks for more only as its client reads. So
 * what waits here is what the client has not read (but for what the kernel
 * buffers), in bytes, and small pieces leave together.
 */
export class SseBody {
  readonly stream: ReadableStream<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;
  /** There is one while the runtime waits for more. */
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

  /** Bytes that the runtime has not taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds to the body; nothing once it has ended. The bytes must not change any more. */
  write(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#handOver();
  }

  /** Ends the body after what waits. */
  end(): void {
    this.#isEnded = true;
    this.#handOver();
  }

  /** Forgets what waits; what was begun to be sent may lack its end. */
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
