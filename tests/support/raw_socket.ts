/** A frame, as sent over the wire (RFC 6455 §5.2). */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** The opcodes used by tests (RFC 6455 §11.8). */
export const opcodes = {
  text: 1,
  reserved: 3,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/**
 * A WebSocket client made of bytes, to behave like no real client: reads only
 * when told to, answers no ping or close, and sends broken frames.
 */
export class RawSocket implements Disposable {
  readonly #tcp: Deno.TcpConn;
  #buffer = new Uint8Array();

  private constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
  }

  static async open(
    url: string,
    headers: Record<string, string> = {},
    method = "GET",
  ): Promise<RawSocket> {
    const { hostname, port, host, pathname, search } = new URL(url);
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    const socket = new RawSocket(tcp);
    await socket.write(new TextEncoder().encode(
      [
        `${method} ${pathname}${search} HTTP/1.1`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        ...Object.entries({ Host: host, ...headers }).map(([name, value]) =>
          `${name}: ${value}`
        ),
        "\r\n",
      ].join("\r\n"),
    ));
    while (!new TextDecoder().decode(socket.#buffer).includes("\r\n\r\n")) {
      await socket.#fill();
    }
    const head = new TextDecoder("latin1").decode(socket.#buffer);
    if (!head.startsWith("HTTP/1.1 101 ")) {
      tcp.close();
      throw new Error(head);
    }
    socket.#buffer = socket.#buffer.slice(head.indexOf("\r\n\r\n") + 4);
    return socket;
  }

  /** Sends a short frame. */
  async send(opcode: number, payload: Uint8Array): Promise<void> {
    await this.write(rawFrame(opcode, payload));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#tcp.write(bytes.subarray(at));
    }
  }

  /** The next frame; rejects when the server hung up. */
  async next(): Promise<RawFrame> {
    await this.#have(2);
    const [first = 0, short = 0] = this.#buffer;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    await this.#have(2 + lengthBytes);
    let length = lengthBytes === 0 ? short : 0;
    for (const byte of this.#buffer.subarray(2, 2 + lengthBytes)) {
      length = length * 256 + byte;
    }
    const start = 2 + lengthBytes;
    await this.#have(start + length);
    const payload = this.#buffer.slice(start, start + length);
    this.#buffer = this.#buffer.slice(start + length);
    return { opcode: first & 0x0f, payload };
  }

  /** The next frame as text. */
  async nextText(): Promise<string> {
    return new TextDecoder().decode((await this.next()).payload);
  }

  /** Reads to the end of the TCP connection, whether closed or reset. */
  async ended(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (await this.#tcp.read(buffer) !== null);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }

  async #have(count: number): Promise<void> {
    while (this.#buffer.length < count) await this.#fill();
  }

  async #fill(): Promise<void> {
    const chunk = new Uint8Array(65_536);
    const count = await this.#tcp.read(chunk);
    if (count === null) throw new Error("The server hung up");
    this.#buffer = new Uint8Array([
      ...this.#buffer,
      ...chunk.subarray(0, count),
    ]);
  }

  [Symbol.dispose](): void {
    this.#tcp.close();
  }
}

/** Encodes a short frame of a client, masked with zeros. */
export function rawFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const head = [0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0];
  return new Uint8Array([...head, ...payload]);
}

/** The code of a close frame (RFC 6455 §5.5.1). */
export function closeCodeOf({ payload }: RawFrame): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint16(0);
}
