import { setImmediate } from "node:timers";
import { log } from "../log/log.ts";
import { LineSplitter } from "../protocol/lines.ts";

/** The two directions of a link: a child process's standard streams, or a test's. */
export interface LinkStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

/** What a {@linkcode Link} is told besides. */
export interface LinkOptions<Received> {
  /** Takes each message, in the order in which they were sent. */
  readonly onMessage: (head: Received, texts: readonly string[]) => void;
  /** Called once the other side has gone, or can't be written to any more. */
  readonly onEnd: () => void;
  /**
   * How much may wait to be written of what {@linkcode Link.push} sends, in
   * UTF-16 code units.
   *
   * @default {Infinity}
   */
  readonly maxPushed?: number;
  /** Called for each push over it, which is not sent: the other side doesn't read. */
  readonly onOverflow?: () => void;
}

/**
 * A message as it goes over the link: a line with its head as JSON, then texts
 * that are JSON already, a tab before each. JSON that `JSON.stringify` made has
 * neither tabs nor line ends in it, so events pass without being encoded again.
 */
export function encodeMessage(
  head: unknown,
  texts: readonly string[] = [],
): string {
  const line = JSON.stringify(head);
  return texts.length === 0 ? `${line}\n` : `${line}\t${texts.join("\t")}\n`;
}

/** Messages between two processes, over a pair of pipes; those of one turn of the event loop are written at once. */
export class Link<Sent, Received> {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #options: LinkOptions<Received>;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  #lines: string[] = [];
  /** Of the lines that wait or are being written, what was pushed, in code units. */
  #pushed = 0;
  /** Of these, what is not being written yet. */
  #pushedSince = 0;
  #written: Promise<void> | undefined;
  #isOver = false;

  constructor(streams: LinkStreams, options: LinkOptions<Received>) {
    this.#writer = streams.writable.getWriter();
    this.#reader = streams.readable.getReader();
    this.#options = options;
    this.#read();
  }

  /** Sends a message that the other side waits for; nothing once the link is over. */
  send(head: Sent, texts?: readonly string[]): void {
    this.#add(encodeMessage(head, texts));
  }

  /**
   * Sends what the other side did not ask for, and so has no bound of its own.
   *
   * @param line Made by {@linkcode encodeMessage}, as for several links at once.
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

  /** Resolves when what waits is written. */
  async flush(): Promise<void> {
    await this.#written;
  }

  /** Sends what waits, and ends the link. */
  async close(): Promise<void> {
    await this.#written;
    this.#end();
    // What fails here has gone before us.
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  #add(line: string): void {
    if (this.#isOver) return;
    this.#lines.push(line);
    this.#written ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // The rest of this turn, and of those in which a write is under way, goes with the next.
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
      this.#end(); // the other side has gone
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
        for (const line of splitter.push(text)) {
          if (typeof line === "string") this.#take(line);
        }
      }
    } catch (error) {
      // A line that is none of ours: what follows can't be trusted either.
      log.error("A link between processes broke: {error}", { error });
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
