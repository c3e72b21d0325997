import { resetSync } from "@logtape/logtape";
import { stub } from "@std/testing/mock";
import { configureLog, type LogLevel } from "../../src/log/log.ts";
import { deadline } from "./deadline.ts";

/** The server's output to standard error. */
export interface CapturedLog extends Disposable {
  readonly text: string;
  /** Waits until the log contains a text. */
  wrote(part: string): Promise<void>;
}

/** Logs as `serve` does, into a text instead of standard error, until disposed of. */
export function captureLog(level: LogLevel = "debug"): CapturedLog {
  const decoder = new TextDecoder();
  let text = "";
  let wake = () => {};
  const writing = stub(Deno.stderr, "writeSync", (bytes) => {
    text += decoder.decode(bytes);
    wake();
    return bytes.length;
  });
  configureLog(level, false);
  return {
    get text() {
      return text;
    },
    async wrote(part) {
      const writing = async () => {
        while (!text.includes(part)) {
          await new Promise<void>((resolve) => wake = resolve);
        }
      };
      await deadline(writing(), () => `${part} is not in: ${text}`);
    },
    [Symbol.dispose]() {
      resetSync();
      writing.restore();
    },
  };
}
