/** The number of slots in a Cluster. */
export const slotCount = 16_384;

const encoder = new TextEncoder();

/**
 * Returns the slot of a key, by its hash tag if present (Cluster specification,
 * 'Key distribution model').
 */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1];
  return crc16(encoder.encode(tag ?? key)) % slotCount;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : crc << 1 ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc;
}
