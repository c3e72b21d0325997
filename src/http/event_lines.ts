import { log } from "../log.ts";
import { type Line, LineSplitter } from "../protocol/lines.ts";
import { maxEventBytes } from "./draft_body.ts";

/** The lines of a body that is there. */
export function linesOf(body: string): Line[] {
  const splitter = new LineSplitter(maxEventBytes);
  return [...splitter.push(body), ...splitter.end()];
}

/**
 * The lines of a body while it arrives, a batch for each chunk of it.
 *
 * Where the body breaks they end, without the line that was begun: an error
 * would go on to the answer, which nobody reads any more, and the runtime would
 * print it past the log.
 */
export function arrivingLines(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<Line[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const splitter = new LineSplitter(maxEventBytes);

  /** What comes next; `undefined` where the body breaks. */
  async function readNext() {
    try {
      return await reader.read();
    } catch (error) {
      log.debug("A body did not arrive: {error}", { error });
      return undefined;
    }
  }

  return new ReadableStream({
    async pull(controller) {
      let lines: Line[] = [];
      while (lines.length === 0) {
        const next = await readNext();
        if (next === undefined) return controller.close();
        if (next.done) {
          lines = [...splitter.push(decoder.decode()), ...splitter.end()];
          if (lines.length > 0) controller.enqueue(lines);
          return controller.close();
        }
        lines = splitter.push(decoder.decode(next.value, { stream: true }));
      }
      controller.enqueue(lines);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
