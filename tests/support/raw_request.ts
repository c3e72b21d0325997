/** An answer, as sent over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends a request as bytes, and reads the answer: no client would send some of
 * the requests that a server must withstand. Returns the lines of the head,
 * then an empty line and the body, if any.
 */
export async function rawRequest(
  origin: string,
  ...lines: string[]
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  using tcp = await Deno.connect({ hostname, port: Number(port) });
  const text = lines.includes("") ? lines.join("\r\n") : [...lines, "\r\n"]
    .join("\r\n");
  await tcp.write(new TextEncoder().encode(text));
  return await readAnswer(tcp);
}

/** Reads an answer with an announced length. */
export async function readAnswer(tcp: Deno.TcpConn): Promise<RawAnswer> {
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const [head = "", body] = text.split(/\r\n\r\n([^]*)/);
    if (body !== undefined) {
      const [statusLine = "", ...fields] = head.split("\r\n");
      const headers = new Headers(fields.map((field): [string, string] => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon), field.slice(colon + 1).trim()];
      }));
      const length = Number(headers.get("content-length") ?? 0);
      if (new TextEncoder().encode(body).length >= length) {
        return { status: Number(statusLine.split(" ")[1]), headers, body };
      }
    }
    const count = await tcp.read(buffer);
    if (count === null) throw new Error(`The server hung up after: ${text}`);
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
