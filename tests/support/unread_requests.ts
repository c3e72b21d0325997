/** The used types of HTTP/2 frames (RFC 9113 §6). */
const frameTypes = { headers: 1, settings: 4 } as const;

/** The static table's entry `:status: 200`, as sent (RFC 7541 §6.1, Appendix A). */
const status200 = 0x88;

/**
 * Requests over HTTP/2 from a client with windows of 0 for all streams (RFC
 * 9113 §6.9.2). The runtime answers with heads alone, and holds the bodies for
 * the life of the connection.
 */
export class UnreadRequests implements Disposable {
  readonly #tcp: Deno.TcpConn;
  /** The number of answers with status 200, and with other statuses. */
  readonly accepted: number;
  readonly refused: number;

  private constructor(tcp: Deno.TcpConn, accepted: number, refused: number) {
    this.#tcp = tcp;
    this.accepted = accepted;
    this.refused = refused;
  }

  /** Sends requests, 200 at most, and reads the heads of the answers. */
  static async send(
    origin: string,
    path: string,
    count: number,
  ): Promise<UnreadRequests> {
    const { hostname, port } = new URL(origin);
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    const window = Uint8Array.of(0, 4, 0, 0, 0, 0); // SETTINGS_INITIAL_WINDOW_SIZE
    const block = Uint8Array.of(
      0x82, // :method: GET
      0x86, // :scheme: http
      ...literal(0x04, path),
      ...literal(0x01, `${hostname}:${port}`), // :authority
    );
    const requests = Array.from(
      { length: count },
      (_, index) => frame(frameTypes.headers, 0x05, 1 + 2 * index, block),
    );
    await writeAll(tcp, [
      new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      frame(frameTypes.settings, 0, 0, window),
      ...requests,
    ]);
    let accepted = 0;
    let refused = 0;
    for await (const { type, payload } of framesOf(tcp)) {
      if (type !== frameTypes.headers) continue;
      if (payload[0] === status200) accepted += 1;
      else refused += 1;
      if (accepted + refused === count) break;
    }
    return new UnreadRequests(tcp, accepted, refused);
  }

  [Symbol.dispose](): void {
    this.#tcp.close();
  }
}

/** Encodes a header with a name from the static table and a text as value (RFC 7541 §6.2.2). */
function literal(name: number, value: string): number[] {
  return [name, value.length, ...new TextEncoder().encode(value)];
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

async function writeAll(
  tcp: Deno.TcpConn,
  pieces: readonly Uint8Array<ArrayBuffer>[] | readonly Uint8Array[],
): Promise<void> {
  const bytes = new Uint8Array(await new Blob(pieces as never).arrayBuffer());
  for (let at = 0; at < bytes.length;) {
    at += await tcp.write(bytes.subarray(at));
  }
}

async function* framesOf(tcp: Deno.TcpConn) {
  let buffer = new Uint8Array();
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const count = await tcp.read(chunk);
    if (count === null) throw new Error("The server hung up");
    buffer = new Uint8Array([...buffer, ...chunk.subarray(0, count)]);
    while (buffer.length >= 9) {
      const head = new DataView(buffer.buffer).getUint32(0);
      const end = 9 + (head >>> 8);
      if (buffer.length < end) break;
      yield { type: head & 0xff, payload: buffer.subarray(9, end) };
      buffer = buffer.slice(end);
    }
  }
}
