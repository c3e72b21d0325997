const encoder = new TextEncoder();

/** Where text is written; a write may take only a part of it, as a pipe's does. */
export interface SyncWriter {
  /** @returns How many bytes it took. */
  writeSync(bytes: Uint8Array): number;
}

/** Writes a text to its end, as UTF-8. */
export function writeAll(writer: SyncWriter, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(writer.writeSync(bytes));
}
