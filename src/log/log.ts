import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import { limitLines } from "./log_limit.ts";
import { writeAll } from "../async/write_all.ts";

/** The values of `TASKWIRE_LOG`, least important first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** A value of {@linkcode logLevels}. */
export type LogLevel = typeof logLevels[number];

/**
 * The server's log. Callers must never log a token, a key or a query string.
 * The braces of a message name its properties.
 */
export const log = getLogger(["taskwire"]);

/**
 * Starts logging to standard error: text on a terminal, otherwise JSON lines.
 * {@linkcode limitLines} limits repeated lines. Before this call, as in unit
 * tests, {@linkcode log} is silent.
 *
 * @param worker The number of this process among several: a property of each JSON line.
 */
export function configureLog(
  level: LogLevel,
  isTerminal: boolean,
  worker?: number,
): void {
  const formatJson = getJsonLinesFormatter();
  const format = isTerminal
    ? getTextFormatter()
    : (record: LogRecord) => formatJson(withReasons(record));
  const named = (record: LogRecord) =>
    worker === undefined
      ? record
      : { ...record, properties: { worker, ...record.properties } };
  configureSync({
    reset: true,
    sinks: {
      stderr: limitLines((record: LogRecord) =>
        writeAll(Deno.stderr, format(named(record)))
      ),
    },
    loggers: [
      {
        category: "taskwire",
        lowestLevel: level === "warn" ? "warning" : level,
        sinks: ["stderr"],
      },
      // LogTape's own reports: only problems.
      {
        category: ["logtape", "meta"],
        lowestLevel: "warning",
        sinks: ["stderr"],
      },
    ],
  });
}

/** Puts the text of each error into the message, since JSON shows an error as `{}`. */
function withReasons(record: LogRecord): LogRecord {
  const message: unknown[] = [""];
  for (const [index, part] of record.message.entries()) {
    const isLiteral = index % 2 === 0 || part instanceof Error;
    if (!isLiteral) message.push(part, "");
    else {
      const text = part instanceof Error ? describeError(part) : String(part);
      message.push(`${message.pop()}${text}`);
    }
  }
  return { ...record, message };
}

/** The depth limit for causes of an error; causes can be circular. */
const maxCauses = 4;

/** Describes an error in a line: name, message, inner errors and cause. */
function describeError(error: unknown, causesLeft = maxCauses): string {
  if (!(error instanceof Error)) return String(error);
  let text = error.message === ""
    ? error.name
    : `${error.name}: ${error.message}`;
  if (causesLeft === 0) return text;
  const describe = (inner: unknown) => describeError(inner, causesLeft - 1);
  if (error instanceof AggregateError && error.errors.length > 0) {
    text += ` [${error.errors.map(describe).join("; ")}]`;
  }
  if (error.cause !== undefined) text += ` (cause: ${describe(error.cause)})`;
  return text;
}
