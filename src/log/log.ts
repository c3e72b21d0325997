import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import { limitLines } from "./log_limit.ts";
import { writeAll } from "../async/write_all.ts";

/** What `TASKWIRE_LOG` takes, least important first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** One of {@linkcode logLevels}. */
export type LogLevel = typeof logLevels[number];

/**
 * The server's log. Nobody passes it a query string, a token, a key or a URL
 * with either; properties are named in the message's braces.
 */
export const log = getLogger(["taskwire"]);

/**
 * Starts logging to standard error: text on a terminal, JSON lines elsewhere.
 * No kind of line comes more often than {@linkcode limitLines} lets it.
 * Without it {@linkcode log} is silent, as in unit tests.
 *
 * @param worker Which of several processes this is: a property of each JSON line.
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
      // LogTape's own reports: only of what goes wrong.
      {
        category: ["logtape", "meta"],
        lowestLevel: "warning",
        sinks: ["stderr"],
      },
    ],
  });
}

/** Puts the text of each error into the message; JSON would show the error as `{}`. */
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

/** The depth to which an error's causes are described; a cause may lead back to its error. */
const maxCauses = 4;

/** The error in one line: its name, its message, the errors in it and its cause. */
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
