/**
 * A client of an event stream, made of bytes. Reads only when told to. Uses
 * HTTP/1.0 for an unchunked body that ends with the connection.
 */
export class RawStream implements Disposable {
  readonly #tcp: Deno.TcpConn;

  private constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
  }

  /** Requests a URL without reading the answer. */
  static async open(url: string): Promise<RawStream> {
    const { hostname, port, host, pathname, search } = new URL(url);
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    const request =
      `GET ${pathname}${search} HTTP/1.0\r\nHost: ${host}\r\n\r\n`;
    await tcp.write(new TextEncoder().encode(request));
    return new RawStream(tcp);
  }

  /** Reads the whole answer to the end, possibly a reset. */
  async text(): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    let text = "";
    try {
      for (;;) {
        const count = await this.#tcp.read(buffer);
        if (count === null) break;
        text += decoder.decode(buffer.subarray(0, count), { stream: true });
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#tcp.close();
  }
}

/** Parses the data of a stream's events of a type. Ignores a broken event at the end. */
export function dataOf(text: string, event: string): Record<string, unknown>[] {
  return text.split("\n\n").slice(0, -1).flatMap((block) => {
    const lines = block.split("\n");
    if (!lines.includes(`event: ${event}`)) return [];
    const data = lines.find((line) => line.startsWith("data: ")) ?? "";
    return [JSON.parse(data.slice("data: ".length))];
  });
}
