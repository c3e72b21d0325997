/** The bytes of a line that are looked at: enough for a message, even of escape sequences. */
const maxLineBytes = 8_192;

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Escape sequences (ECMA-48): control sequences, control strings such as links, and the rest. */
const escapes =
  // deno-lint-ignore no-control-regex
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g;

/** Characters without a visible form, and characters that reverse the direction of text. */
const invisible = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * Finds the last line in a command's output. A carriage return ends a line too,
 * because progress bars draw over their line. Blank lines do not count. A line
 * without an end may be half a line, except after a carriage return: some
 * progress bars write the return first.
 */
export class LastLineFinder {
  readonly #maxLength: number;
  /** The start of an unfinished line. */
  #start = new Uint8Array();
  /** True if the unfinished line follows a carriage return. */
  #isDrawn = false;

  /** @param maxLength The longest line in characters; longer lines are cut. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * Adds output.
   *
   * @returns The last line that the output finishes or draws; `undefined` if
   * none.
   */
  push(output: Uint8Array): string | undefined {
    let end = findBreak(output, output.length);
    const rest = output.subarray(end + 1);
    if (end >= 0) this.#isDrawn = output[end] === carriageReturn;
    const drawn = rest.length === output.length ? this.#joined(rest) : rest;
    let line = this.#isDrawn ? this.#read(drawn) : "";
    while (end >= 0 && line === "") {
      const before = findBreak(output, end);
      const bytes = output.subarray(before + 1, end);
      line = this.#read(before < 0 ? this.#joined(bytes) : bytes);
      if (before < 0) this.#start = new Uint8Array();
      end = before;
    }
    this.#start = drawn.slice(0, maxLineBytes);
    return line === "" ? undefined : line;
  }

  /** @returns The unfinished line at the end of the output; `undefined` if none. */
  end(): string | undefined {
    const line = this.#read(this.#start);
    this.#start = new Uint8Array();
    return line === "" ? undefined : line;
  }

  #joined(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const added = bytes.subarray(0, maxLineBytes - this.#start.length);
    const joined = new Uint8Array(this.#start.length + added.length);
    joined.set(this.#start);
    joined.set(added, this.#start.length);
    return joined;
  }

  #read(bytes: Uint8Array): string {
    const text = new TextDecoder().decode(bytes.subarray(0, maxLineBytes));
    return cutText(
      text.replace(escapes, "").replace(invisible, " ").trim(),
      this.#maxLength,
    );
  }
}

/** Cuts a text to a number of characters, without halving a surrogate pair. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength
    ? text
    : [...text].slice(0, maxLength).join("");
}

/** Returns the index of the last line end before `end`, otherwise -1. */
function findBreak(bytes: Uint8Array, end: number): number {
  let index = end - 1;
  while (
    index >= 0 && bytes[index] !== newline && bytes[index] !== carriageReturn
  ) index -= 1;
  return index;
}
