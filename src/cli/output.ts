import { writeAll } from "../async/write_all.ts";

/** What moves a terminal's cursor, or turns its text around. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text from strangers as it may be shown on a terminal's line. */
export function printable(text: string): string {
  return text.replace(unprintable, "�");
}

/** Writes a line to standard output. */
export function printLine(line = ""): void {
  writeAll(Deno.stdout, `${printable(line)}\n`);
}

/** Writes a line to standard error. If standard error is closed, the line is dropped. */
export const printError = untilClosed((line: string) => {
  writeAll(Deno.stderr, `${printable(line)}\n`);
});

/** Writes lines until the output is closed, and drops those that follow. */
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

/** Writes to standard output as it stands. */
export function printRaw(text: string): void {
  writeAll(Deno.stdout, text);
}
