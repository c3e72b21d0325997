import { setImmediate } from "node:timers";
import { log } from "../log/log.ts";
import { LineSplitter } from "../protocol/lines.ts";

/** The two directions of a link, usually a child's standard streams. */
export interface LinkStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Options of a {@linkcode Link}. */
export interface LinkOptions<Received> {
  /** Called with each message, in sending order. */
  readonly onMessage: (head: Received, texts: readonly string[]) => void;
  /** Called once, when the far end has ended or a write has failed. */
  readonly onEnd: () => void;
  /**
   * The most unwritten characters of {@linkcode Link.push}, in UTF-16 code
   * units.
   *
   * @default {Infinity}
   */
  readonly maxPushed?: number;
  /** Called for every push dropped because the far end does not read. */
  readonly onOverflow?: () => void;
}

/**
 * Encodes a message: a line with the head as JSON, then texts of JSON, separated
 * by tabs. JSON from `JSON.stringify` contains no tabs or line ends, and events
 * pass without being encoded again.
 */
export function encodeMessage(
  head: unknown,
  texts: readonly string[] = [],
): string {
  const line = JSON.stringify(head);
  return texts.length === 0 ? `${line}\n` : `${line}\t${texts.join("\t")}\n`;
}

/**
 * Messages between two processes over a pair of pipes. Messages of the same
 * event loop turn share a write.
 */
export class Link<Sent, Received> {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #options: LinkOptions<Received>;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  #lines: string[] = [];
  /** The unwritten code units of pushed lines. */
  #pushed = 0;
  /** The code units of pushed lines whose write has not begun. */
  #pushedSince = 0;
  #written: Promise<void> | undefined;
  #isOver = false;

  constructor(streams: LinkStreams, options: LinkOptions<Received>) {
    this.#writer = streams.writable.getWriter();
    this.#reader = streams.readable.getReader();
    this.#options = options;
    this.#read();
  }

  /** Sends a reply or another awaited message, until the link ends. */
  send(head: Sent, texts?: readonly string[]): void {
    this.#add(encodeMessage(head, texts));
  }

  /**
   * Sends a message without a request by the far end. `maxPushed` limits pushed
   * messages.
   *
   * @param line Made by {@linkcode encodeMessage}: several links can share the
   * text.
   */
  push(line: string): void {
    const { maxPushed = Infinity, onOverflow } = this.#options;
    if (this.#isOver) return;
    if (this.#pushed + line.length > maxPushed) {
      onOverflow?.();
      return;
    }
    this.#pushed += line.length;
    this.#pushedSince += line.length;
    this.#add(line);
  }

  /** Resolves once all messages are written. */
  async flush(): Promise<void> {
    await this.#written;
  }

  /** Writes all messages and ends the link. */
  async close(): Promise<void> {
    await this.#written;
    this.#end();
    // Errors are expected if the far end has already closed.
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  #add(line: string): void {
    if (this.#isOver) return;
    this.#lines.push(line);
    this.#written ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // The rest of this turn, and all turns during a write, go into the next
    // write.
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    try {
      while (this.#lines.length > 0 && !this.#isOver) {
        const text = this.#lines.join("");
        const pushed = this.#pushedSince;
        this.#lines = [];
        this.#pushedSince = 0;
        await this.#writer.write(this.#encoder.encode(text));
        this.#pushed -= pushed;
      }
    } catch {
      this.#end(); // the far end has closed
    }
    this.#written = undefined;
  }

  async #read(): Promise<void> {
    const splitter = new LineSplitter();
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        const text = this.#decoder.decode(value, { stream: true });
        for (const line of splitter.push(text)) this.#take(line);
      }
    } catch (error) {
      // Not a message of taskwire, so later lines can't be trusted either.
      log.error("The link between supervisor and worker broke: {error}", {
        error,
      });
    }
    this.#end();
  }

  #take(line: string): void {
    if (this.#isOver) return;
    const [head = "", ...texts] = line.split("\t");
    this.#options.onMessage(JSON.parse(head), texts);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lines = [];
    this.#options.onEnd();
  }
}
