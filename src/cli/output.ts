const encoder = new TextEncoder();

/** Writes a line to standard output. */
export function printLine(line = ""): void {
  write(Deno.stdout, `${line}\n`);
}

/** Writes a line to standard error. */
export function printError(line: string): void {
  write(Deno.stderr, `${line}\n`);
}

/** Writes to standard output as it stands. */
export function printRaw(text: string): void {
  write(Deno.stdout, text);
}

/** A write to a pipe may take only a part. */
function write(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
