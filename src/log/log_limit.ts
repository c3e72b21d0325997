import type { LogRecord } from "@logtape/logtape";

/** The most lines of a kind in a minute. */
const maxLines = 60;

const windowMs = 60_000;

/** The most kinds counted separately; all further kinds share a count. The source has some twenty. */
const maxKinds = 1_000;

/** A sink that stops when disposed. */
export type LimitedSink = ((record: LogRecord) => void) & Disposable;

/**
 * Passes on at most 60 lines of a kind per minute, then a line with the number
 * of suppressed lines. Otherwise a client could fill the disk with log lines.
 * The kind of a line is the template of its message, without the properties.
 * `debug` lines are never limited.
 *
 * Counts are reset every minute.
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

/** Makes the line about suppressed lines, with the same level. */
function describeSuppressed(last: LogRecord, suppressed: number): LogRecord {
  const kind = String(last.rawMessage);
  return {
    ...last,
    timestamp: Date.now(),
    rawMessage: "Suppressed {suppressed} more lines like: {kind}",
    message: [
      "Suppressed ",
      suppressed,
      " more lines like: ",
      kind,
      "",
    ],
    properties: { suppressed, kind },
  };
}
