import type { LogRecord } from "@logtape/logtape";

/** The most lines of one kind in a minute. */
const maxLines = 60;

const windowMs = 60_000;

/** The most kinds told apart; what is beyond counts as one. The source has some twenty. */
const maxKinds = 1_000;

/** A sink that can be told to stop. */
export type LimitedSink = ((record: LogRecord) => void) & Disposable;

/**
 * Passes on at most 60 lines of one kind in a minute, and at its end a line
 * that says how many were left out: else whoever can cause a line can fill the
 * disk. A kind is a message's template, the text before its properties are put
 * in. Lines of `debug` all pass, since who asks for them looks for something.
 *
 * Counting begins anew each minute, so nothing is remembered for longer.
 */
export function limitLines(write: (record: LogRecord) => void): LimitedSink {
  const kinds = new Map<string, { count: number; last: LogRecord }>();
  let windowEndsAtMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function endWindow(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const { count, last } of kinds.values()) {
      if (count > maxLines) write(describeSuppressed(last, count - maxLines));
    }
    kinds.clear();
  }

  function sink(record: LogRecord): void {
    if (record.level === "debug") return write(record);
    const now = performance.now();
    if (now >= windowEndsAtMs) {
      endWindow();
      windowEndsAtMs = now + windowMs;
    }
    const template = String(record.rawMessage);
    const isKnown = kinds.has(template) || kinds.size < maxKinds;
    const key = isKnown ? template : "";
    const count = (kinds.get(key)?.count ?? 0) + 1;
    kinds.set(key, { count, last: record });
    if (count <= maxLines) write(record);
    else timer ??= setTimeout(endWindow, windowEndsAtMs - now);
  }
  return Object.assign(sink, { [Symbol.dispose]: endWindow });
}

/** A line that stands for others, of their level. */
function describeSuppressed(last: LogRecord, suppressed: number): LogRecord {
  const kind = String(last.rawMessage);
  return {
    ...last,
    timestamp: Date.now(),
    rawMessage: "{suppressed} more lines like this were left out: {kind}",
    message: [
      "",
      suppressed,
      " more lines like this were left out: ",
      kind,
      "",
    ],
    properties: { suppressed, kind },
  };
}
