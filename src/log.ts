import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import { limitLines } from "./log_limit.ts";
import { writeAll } from "./write_all.ts";

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
  const format = isTerminal ? getTextFormatter() : getJsonLinesFormatter();
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
