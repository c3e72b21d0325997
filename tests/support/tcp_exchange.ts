/** The time limit for the end of a connection. */
const deadlineMs = 30_000;

/** A handshake on a path, as bytes (RFC 6455 §4.1). */
export function handshakeBytes(path: string): Uint8Array {
  return new TextEncoder().encode([
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n"));
}

/**
 * Sends bytes over a new TCP connection, ends the sending side, and reads to
 * the end, possibly a reset.
 *
 * @param later Sent after the first answer.
 * @returns The beginning of the answer, 500 characters at most.
 * @throws {Error} If the server does not end the connection.
 */
export async function exchangeBytes(
  origin: string,
  first: Uint8Array,
  later?: Uint8Array,
): Promise<string> {
  const { hostname, port } = new URL(origin);
  const tcp = await Deno.connect({ hostname, port: Number(port) });
  let isHung = false;
  const deadline = setTimeout(() => {
    isHung = true;
    tcp.close();
  }, deadlineMs);
  const buffer = new Uint8Array(16_384);
  let head = "";
  async function read(): Promise<boolean> {
    const count = await tcp.read(buffer);
    if (count === null) return false;
    if (head.length < 500) {
      head += new TextDecoder("latin1").decode(buffer.subarray(0, count));
    }
    return true;
  }
  try {
    await writeAll(tcp, first);
    if (later && await read()) await writeAll(tcp, later);
    await tcp.closeWrite();
    while (await read());
  } catch (error) {
    if (isHung) throw new Error(`Not ended after ${deadlineMs} ms: ${head}`);
    const isHungUp = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.NotConnected;
    if (!isHungUp) throw error;
  } finally {
    clearTimeout(deadline);
    if (!isHung) tcp.close();
  }
  return head.slice(0, 500);
}

async function writeAll(tcp: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await tcp.write(bytes.subarray(at));
  }
}
