/** Stands in {@linkcode LineSplitter}'s results for a line over the limit. */
export const tooLong: unique symbol = Symbol("too long");

/** A line without its end, or the sign that it was too long to keep. */
export type Line = string | typeof tooLong;

/**
 * Cuts text that comes in pieces into lines (NDJSON: ended by `\n`, where a
 * `\r` before it belongs to the end; the last one needs no end). Holds one
 * line at most, up to a limit.
 */
export class LineSplitter {
  readonly #maxLength: number;
  #rest = "";
  #isTooLong = false;

  /** @param maxLength The longest line to keep, in UTF-16 code units. */
  constructor(maxLength: number = Infinity) {
    this.#maxLength = maxLength;
  }

  /** The lines that end in this piece. */
  push(text: string): Line[] {
    const pieces = text.split("\n");
    const last = pieces.pop() ?? "";
    const lines = pieces.map((piece) => this.#endLine(piece));
    this.#hold(last);
    return lines;
  }

  /** The last line, where the text doesn't end with a line's end. */
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
 * Cuts a stream of UTF-8 into batches of lines, a batch for each chunk of it.
 *
 * @param maxLength The longest line to keep, in UTF-16 code units.
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
