import { setImmediate } from "node:timers";
import { maxEventBytes } from "./draft_body.ts";
import type { Problem } from "../../protocol/problem.ts";

/** A line of a body, without its end. */
export interface EventLine {
  /** Counts the lines of the body from 1, blank ones included. */
  readonly number: number;
  /** The text, or the reason for a line without one. */
  readonly content: string | Problem;
}

/** Bytes in the order of their arrival. */
export interface ByteSource {
  /** Returns the next bytes, {@linkcode maxPieceBytes} at most, or the way in which the body ended. */
  next(): Promise<Uint8Array | "complete" | "broken">;
}

/** The most bytes that are cut into lines in one turn of the event loop. */
export const maxPieceBytes = 65_536;

/** The most lines of one batch: the event loop serves other requests after each. */
export const maxBatchLines = 100;

const tooLong: Problem = {
  status: 413,
  code: "body_too_large",
  detail: `A line may have ${maxEventBytes} bytes at most`,
};

const notUtf8: Problem = {
  status: 400,
  code: "bad_json",
  detail: "The line is not UTF-8, as JSON must be",
};

const lineFeed = 0x0a;

/** Keeps byte order marks: a decoder would drop one at the start of any piece. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Cuts a body into the lines of NDJSON, in batches. Each batch comes in a turn
 * of the event loop of its own, and blank lines are skipped.
 */
export class LineBatches {
  readonly #source: ByteSource;
  readonly #cutter = new LineCutter();
  #lines: Iterator<EventLine> = [].values();
  #isAtEnd = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next {@linkcode maxBatchLines} lines or fewer; none at the end. */
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

/** Holds the bytes of one line at most: of the line that has no end yet. */
class LineCutter {
  #number = 0;
  #begun = new Uint8Array(1_024);
  #begunBytes = 0;
  #isTooLong = false;

  /** The lines that end in these bytes. */
  *cut(bytes: Uint8Array): Generator<EventLine> {
    const first = bytes.indexOf(lineFeed);
    if (first === -1) return this.#hold(bytes);
    this.#hold(bytes.subarray(0, first));
    yield* this.#endLine();
    const last = bytes.lastIndexOf(lineFeed);
    if (last > first) yield* this.#decode(bytes.subarray(first + 1, last));
    this.#hold(bytes.subarray(last + 1));
  }

  /** The line that the body ends with, which needs no end of its own. */
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

  /** Decodes lines together; one by one, to find the bad ones, if that fails. */
  *#decode(lines: Uint8Array): Generator<EventLine> {
    for (const line of decodeStrictly(lines)?.split("\n") ?? eachOf(lines)) {
      const number = ++this.#number;
      const text = number === 1 ? line?.replace(/^\uFEFF/, "") : line;
      if (text === undefined) yield { number, content: notUtf8 };
      else if (!/^[ \t\r]*$/.test(text)) yield { number, content: text };
    }
  }
}

/** Decodes each line for itself; `undefined` for one that is not UTF-8. */
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
    return undefined; // a TypeError that says no more
  }
}
