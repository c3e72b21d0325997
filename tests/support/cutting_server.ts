import { createHash } from "node:crypto";

/** A WebSocket server with the same messages for every client, and a cut after the last message. */
export interface CuttingServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The number of connections so far. */
  readonly count: number;
}

/**
 * Listens on a free port of loopback. Accepts connections, sends the messages,
 * and ends every connection without a close frame: as a cutting proxy would, or
 * as Chromium sees a server that sends two close frames.
 */
export function serveCut(...messages: readonly string[]): CuttingServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answered: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const tcp of listener) answered.push(answer(tcp, messages));
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    get count() {
      return answered.length;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(answered);
    },
  };
}

async function answer(
  tcp: Deno.TcpConn,
  messages: readonly string[],
): Promise<void> {
  const head = await readHead(tcp);
  const [, key = ""] = /^sec-websocket-key: (\S+)/im.exec(head) ?? [];
  const accept = createHash("sha1")
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const isOffered = /^sec-websocket-protocol: bearer/im.test(head);
  await writeAll(
    tcp,
    new TextEncoder().encode(
      [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${accept}`,
        ...(isOffered ? ["Sec-WebSocket-Protocol: bearer"] : []),
        "\r\n",
      ].join("\r\n"),
    ),
  );
  for (const message of messages) await writeAll(tcp, frame(message));
  tcp.close();
}

async function writeAll(tcp: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await tcp.write(rest));
  }
}

async function readHead(tcp: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(4_096);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const length = await tcp.read(bytes);
    if (length === null) break;
    head += decoder.decode(bytes.subarray(0, length), { stream: true });
  }
  return head;
}

/** Encodes a text message as a single frame, unmasked (RFC 6455 §5.2). */
function frame(message: string): Uint8Array {
  const payload = new TextEncoder().encode(message);
  if (payload.length > 65_535) throw new RangeError("The message is too long");
  const length = payload.length < 126
    ? [payload.length]
    : [126, payload.length >> 8, payload.length & 255];
  return new Uint8Array([0x81, ...length, ...payload]);
}
