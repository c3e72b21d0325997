/**
 * Splits text arriving in pieces into lines (NDJSON). A line ends with a line
 * feed, perhaps after a carriage return; the last line needs no end.
 */
export class LineSplitter {
  #rest = "";

  /** Returns the lines that end in this piece. */
  push(text: string): string[] {
    const lines = text.split("\n");
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() ?? "";
    return lines.map(withoutReturn);
  }

  /** Returns the last line, if the text does not end with a line end. */
  end(): string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [withoutReturn(rest)];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** Splits a stream of UTF-8 into batches of lines, one batch per chunk. */
export function splitLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<string[]> {
  const splitter = new LineSplitter();
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
