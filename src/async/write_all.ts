const encoder = new TextEncoder();

/** A synchronous destination for bytes; a write may accept only some. */
export interface SyncWriter {
  /** @returns The number of bytes accepted. */
  writeSync(bytes: Uint8Array): number;
}

/** Writes a whole text as UTF-8. */
export function writeAll(writer: SyncWriter, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(writer.writeSync(bytes));
}
