import { writeAll } from "../async/write_all.ts";

/** Characters that move a terminal's cursor or reverse the direction of text. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Replaces characters in untrusted text that could manipulate a terminal. */
export function printable(text: string): string {
  return text.replace(unprintable, "�");
}

/** Writes a line to standard output. */
export function printLine(line = ""): void {
  writeAll(Deno.stdout, `${printable(line)}\n`);
}

/** Writes a line to standard error, or drops the line if standard error is closed. */
export const printError = untilClosed((line: string) => {
  writeAll(Deno.stderr, `${printable(line)}\n`);
});

/** Writes lines until the output is closed, then drops all further lines. */
export function untilClosed(
  print: (line: string) => void,
): (line: string) => void {
  let isClosed = false;
  return (line) => {
    if (isClosed) return;
    try {
      print(line);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      isClosed = true;
    }
  };
}

/** Writes unchanged text to standard error. */
export function printRawError(text: string): void {
  writeAll(Deno.stderr, text);
}

/** Writes unchanged text to standard output. */
export function printRaw(text: string): void {
  writeAll(Deno.stdout, text);
}
