/** Replaces a line over the limit in results of {@linkcode LineSplitter}. */
export const tooLong: unique symbol = Symbol("too long");

/** A line without its line end, or the mark of a line over the limit. */
export type Line = string | typeof tooLong;

/**
 * Splits text arriving in pieces into lines (NDJSON: lines end with `
 * ` or `\r
 * `; the last line needs no end). Holds at most one line, up to a limit.
 */
export class LineSplitter {
  readonly #maxLength: number;
  #rest = "";
  #isTooLong = false;

  /** @param maxLength The maximum length of a line, in UTF-16 code units. */
  constructor(maxLength: number = Infinity) {
    this.#maxLength = maxLength;
  }

  /** Returns the lines that end in this piece. */
  push(text: string): Line[] {
    const pieces = text.split("\n");
    const last = pieces.pop() ?? "";
    const lines = pieces.map((piece) => this.#endLine(piece));
    this.#hold(last);
    return lines;
  }

  /** Returns the last line, if the text does not end with a line end. */
  end(): Line[] {
    return this.#rest === "" && !this.#isTooLong ? [] : [this.#endLine("")];
  }

  #endLine(piece: string): Line {
    this.#hold(piece);
    const line = this.#isTooLong ? tooLong : this.#rest.replace(/\r$/, "");
    this.#rest = "";
    this.#isTooLong = false;
    return line;
  }

  #hold(piece: string): void {
    if (this.#rest.length + piece.length > this.#maxLength) {
      this.#isTooLong = true;
      this.#rest = "";
    }
    if (!this.#isTooLong) this.#rest += piece;
  }
}

/**
 * Splits a stream of UTF-8 into batches of lines, one batch per chunk.
 *
 * @param maxLength The maximum length of a line, in UTF-16 code units.
 */
export function splitLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxLength?: number,
): ReadableStream<Line[]> {
  const splitter = new LineSplitter(maxLength);
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream({
      transform(text, controller) {
        const lines = splitter.push(text);
        if (lines.length > 0) controller.enqueue(lines);
      },
      flush(controller) {
        const lines = splitter.end();
        if (lines.length > 0) controller.enqueue(lines);
      },
    }),
  );
}
