/** The part of Bun used here; Deno checks these files and does not know Bun. */
declare const Bun: {
  connect(options: {
    hostname: string;
    port: number;
    socket: Record<string, (socket: BunSocket, argument: never) => void>;
  }): Promise<BunSocket>;
};

interface BunSocket {
  data: Link;
  write(bytes: Uint8Array): number;
  end(): void;
}

/** The reader of a {@linkcode Link}'s bytes. */
export interface Reader {
  onBytes(bytes: Buffer): void;
  onClose(): void;
}

/**
 * A TCP connection. A library's WebSocket client costs as much as the measured
 * server, so frames are read and written by hand, on Bun: Node's `net` needs
 * 1.2 times (echo) to 1.9 times (handshakes) the processor time.
 */
export class Link {
  readonly #socket: BunSocket;
  readonly reader: Reader;
  /** The bytes not yet taken by the kernel. */
  #waiting: Uint8Array[] = [];

  private constructor(socket: BunSocket, reader: Reader) {
    this.#socket = socket;
    this.reader = reader;
    socket.data = this;
  }

  static async open(port: number, reader: Reader): Promise<Link> {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: handlers,
    });
    return new Link(socket, reader);
  }

  send(bytes: Uint8Array): void {
    if (this.#waiting.length > 0) {
      this.#waiting.push(bytes);
      return;
    }
    const written = Math.max(0, this.#socket.write(bytes));
    if (written < bytes.length) this.#waiting.push(bytes.subarray(written));
  }

  /** Continues writing when the kernel takes more. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.send(bytes);
  }

  close(): void {
    this.#socket.end();
  }
}

/** Shared by all links; Bun would otherwise keep a copy per link. */
const handlers = {
  // No bytes arrive before the client has written, so `data` is set.
  data: ({ data }: BunSocket, bytes: Buffer) => data.reader.onBytes(bytes),
  drain: ({ data }: BunSocket) => data.flush(),
  close: ({ data }: BunSocket) => data?.reader.onClose(),
  error: ({ data }: BunSocket) => data?.reader.onClose(),
};
