/** The status line and headers of a server's answer to a handshake. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends a WebSocket handshake as bytes, header by header: no client would send
 * some of the headers that a server must withstand. Reads the head of the
 * answer and any bytes after the head, then hangs up.
 *
 * @param headers Replaces or adds headers; `null` removes a header.
 */
export async function rawHandshake(
  url: string,
  headers: Record<string, string | null> = {},
): Promise<HandshakeAnswer> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const all = {
    Host: host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const head = Object.entries(all).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode(
      `GET ${pathname}${search} HTTP/1.1\r\n${head}\r\n`,
    ),
  );
  let text = "";
  const buffer = new Uint8Array(65_536);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`The server hung up after: ${text}`);
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [top = "", body = ""] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = top.split("\r\n");
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    })),
    body,
  };
}
