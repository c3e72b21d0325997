import { setImmediate } from "node:timers";
import { maxEventBytes } from "./draft_body.ts";
import type { Problem } from "../../protocol/problem.ts";

/** A line of a body, without the line end. */
export interface EventLine {
  /** The number of the line in the body, from 1, counting blank lines. */
  readonly number: number;
  /** The text of the line, or the fault of a line without text. */
  readonly content: string | Problem;
}

/** A source of bytes, in order of arrival. */
export interface ByteSource {
  /**
   * Returns the next bytes, at most {@linkcode maxPieceBytes}, or how the body
   * ended.
   */
  next(): Promise<Uint8Array | "complete" | "broken">;
}

/** The maximum number of bytes cut into lines per turn of the event loop. */
export const maxPieceBytes = 65_536;

/**
 * The maximum number of lines in a batch: the event loop serves further
 * requests between batches.
 */
export const maxBatchLines = 100;

const tooLong: Problem = {
  status: 413,
  code: "body_too_large",
  detail:
    `The line is longer than the limit of ${maxEventBytes} bytes: send less data`,
};

const notUtf8: Problem = {
  status: 400,
  code: "bad_json",
  detail: "The line is not UTF-8: send JSON encoded as UTF-8",
};

const lineFeed = 0x0a;

/**
 * Keeps byte order marks: a decoder would drop a mark at the start of every
 * piece.
 */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Cuts a body into the lines of NDJSON, a batch per turn of the event loop.
 * Blank lines are skipped.
 */
export class LineBatches {
  readonly #source: ByteSource;
  readonly #cutter = new LineCutter();
  #lines: Iterator<EventLine> = [].values();
  #isAtEnd = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * Returns the next lines, at most {@linkcode maxBatchLines}; none at the end.
   */
  async next(): Promise<EventLine[]> {
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const batch: EventLine[] = [];
      while (batch.length < maxBatchLines) {
        const { done, value } = this.#lines.next();
        if (done) break;
        batch.push(value);
      }
      if (batch.length > 0 || this.#isAtEnd) return batch;
      const bytes = await this.#source.next();
      this.#isAtEnd = typeof bytes === "string";
      if (bytes === "complete") this.#lines = this.#cutter.end();
      else if (bytes !== "broken") this.#lines = this.#cutter.cut(bytes);
    }
  }
}

/** Holds at most the bytes of the unfinished line. */
class LineCutter {
  #number = 0;
  #begun = new Uint8Array(1_024);
  #begunBytes = 0;
  #isTooLong = false;

  /** Returns the lines completed by the bytes. */
  *cut(bytes: Uint8Array): Generator<EventLine> {
    const first = bytes.indexOf(lineFeed);
    if (first === -1) return this.#hold(bytes);
    this.#hold(bytes.subarray(0, first));
    yield* this.#endLine();
    const last = bytes.lastIndexOf(lineFeed);
    if (last > first) yield* this.#decode(bytes.subarray(first + 1, last));
    this.#hold(bytes.subarray(last + 1));
  }

  /** Returns the last line of the body, also without a line end. */
  end(): Generator<EventLine> {
    return this.#endLine();
  }

  #hold(bytes: Uint8Array): void {
    const needed = this.#begunBytes + bytes.length;
    if (this.#isTooLong || needed > maxEventBytes) {
      this.#isTooLong = true;
      return;
    }
    if (needed > this.#begun.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#begun.subarray(0, this.#begunBytes));
      this.#begun = larger;
    }
    this.#begun.set(bytes, this.#begunBytes);
    this.#begunBytes = needed;
  }

  *#endLine(): Generator<EventLine> {
    const bytes = this.#begun.subarray(0, this.#begunBytes);
    this.#begunBytes = 0;
    if (!this.#isTooLong) return yield* this.#decode(bytes);
    this.#isTooLong = false;
    yield { number: ++this.#number, content: tooLong };
  }

  /**
   * Decodes all lines at once; on failure line by line, to find the bad lines.
   */
  *#decode(lines: Uint8Array): Generator<EventLine> {
    for (const line of decodeStrictly(lines)?.split("\n") ?? eachOf(lines)) {
      const number = ++this.#number;
      const text = number === 1 ? line?.replace(/^\uFEFF/, "") : line;
      if (text === undefined) yield { number, content: notUtf8 };
      else if (!/^[ \t\r]*$/.test(text)) yield { number, content: text };
    }
  }
}

/** Decodes line by line; `undefined` for a line that is not UTF-8. */
function* eachOf(lines: Uint8Array): Generator<string | undefined> {
  for (let start = 0; start <= lines.length;) {
    const found = lines.indexOf(lineFeed, start);
    const end = found === -1 ? lines.length : found;
    yield decodeStrictly(lines.subarray(start, end));
    start = end + 1;
  }
}

/** @returns `undefined` for bytes that are not UTF-8. */
function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined; // a TypeError without details
  }
}
