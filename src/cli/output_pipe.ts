import type { LastLineFinder } from "../terminal/last_line.ts";
import { printError } from "../terminal/output.ts";

/**
 * The silence after which the output of a command that has ended is closed, in
 * milliseconds: a process left in the background may keep the pipe open.
 */
const silenceMs = 1_000;

/** A destination for bytes; a write may accept only some. */
interface Writer {
  /** @returns The number of bytes accepted. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Passes an output of a command on, byte for byte, and finds its last line. */
export class OutputPipe {
  readonly #from: ReadableStreamDefaultReader<Uint8Array>;
  readonly #to: Writer;
  readonly #finder: LastLineFinder;
  readonly #onLine: (line: string) => void;
  #isReading = false;
  #hasCommandEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    from: ReadableStream<Uint8Array>,
    to: Writer,
    finder: LastLineFinder,
    onLine: (line: string) => void,
  ) {
    this.#from = from.getReader();
    this.#to = to;
    this.#finder = finder;
    this.#onLine = onLine;
  }

  /**
   * Resolves at the end of the output. If the destination is closed, the output
   * is closed as well, so that the command ends as without this pipe.
   */
  async passOn(): Promise<void> {
    for (;;) {
      const bytes = await this.#read();
      if (bytes === undefined) break;
      const line = this.#finder.push(bytes);
      if (line !== undefined) this.#onLine(line);
      if (!await this.#write(bytes)) return await this.#from.cancel();
    }
    const line = this.#finder.end();
    if (line !== undefined) this.#onLine(line);
  }

  /** Ends the wait for output in case of silence. */
  commandEnded(): void {
    this.#hasCommandEnded = true;
    if (this.#isReading) this.#limitSilence();
  }

  async #read(): Promise<Uint8Array | undefined> {
    this.#isReading = true;
    if (this.#hasCommandEnded) this.#limitSilence();
    const { value } = await this.#from.read();
    clearTimeout(this.#timer);
    this.#isReading = false;
    return value;
  }

  #limitSilence(): void {
    this.#timer = setTimeout(() => this.#from.cancel(), silenceMs);
  }

  /** @returns False if the destination accepts no more bytes. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let written = 0; written < bytes.length;) {
        written += await this.#to.write(bytes.subarray(written));
      }
      return true;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error)) throw error;
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        printError(`error: cannot pass on the output: ${error.message}`);
      }
      return false;
    }
  }
}
