import { resetSync } from "@logtape/logtape";
import { stub } from "@std/testing/mock";
import { configureLog, type LogLevel } from "../../src/log.ts";

/** What the server wrote to standard error. */
export interface CapturedLog extends Disposable {
  readonly text: string;
}

/** Logs as `serve` does, into a text instead of standard error, until disposed of. */
export function captureLog(level: LogLevel = "debug"): CapturedLog {
  const decoder = new TextDecoder();
  let text = "";
  const writing = stub(Deno.stderr, "writeSync", (bytes) => {
    text += decoder.decode(bytes);
    return bytes.length;
  });
  configureLog(level, false);
  return {
    get text() {
      return text;
    },
    [Symbol.dispose]() {
      resetSync();
      writing.restore();
    },
  };
}
