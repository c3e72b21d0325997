/** Opcodes (RFC 6455 §5.2). */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

const mask = [0x37, 0xfa, 0x21, 0x3d] as const;

/** Encodes a client's frame, masked (RFC 6455 §5.3), of less than 64 KiB. */
export function maskedFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const start = length < 126 ? 6 : 8;
  const frame = new Uint8Array(start + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) {
    frame[1] = 0x80 | length;
  } else {
    frame[1] = 0x80 | 126;
    frame[2] = length >> 8;
    frame[3] = length & 0xff;
  }
  frame.set(mask, start - 4);
  for (let index = 0; index < length; index++) {
    frame[start + index] = maskedByte(payload[index] ?? 0, index);
  }
  return frame;
}

/** Returns the byte at an index of a masked payload. */
export function maskedByte(byte: number, index: number): number {
  return byte ^ (mask[index & 3] ?? 0);
}

/**
 * Called with the payload of a server's frame: the bytes from `start` to `end`.
 */
export type OnFrame = (
  opcode: number,
  bytes: Buffer,
  start: number,
  end: number,
) => void;

/**
 * Calls back for each complete frame in some bytes.
 *
 * @returns The remaining bytes: the beginning of a frame, or none.
 * @throws {SyntaxError} If a frame is fragmented or of 64 KiB or more; none of
 * the servers sends such frames.
 */
export function readFrames(bytes: Buffer, onFrame: OnFrame): Buffer {
  let start = 0;
  while (start + 2 <= bytes.length) {
    const first = bytes[start] ?? 0;
    let length = bytes[start + 1] ?? 0;
    if ((first & 0x80) === 0 || length > 126) {
      throw new SyntaxError("A fragment, or a frame that is too long");
    }
    let payload = start + 2;
    if (length === 126) {
      if (start + 4 > bytes.length) break;
      length = bytes.readUInt16BE(start + 2);
      payload = start + 4;
    }
    if (payload + length > bytes.length) break;
    onFrame(first & 0x0f, bytes, payload, payload + length);
    start = payload + length;
  }
  return bytes.subarray(start);
}
