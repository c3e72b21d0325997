/** What is used of Bun here; Deno, which checks these files, doesn't know it. */
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

/** Who reads what a {@linkcode Link} brings. */
export interface Reader {
  onBytes(bytes: Buffer): void;
  onClose(): void;
}

/**
 * A TCP connection. A WebSocket client of a library costs as much as the server
 * that is measured, so bytes are read and written by hand, on Bun: the same over
 * Node's `net` takes 1.2 times (echo) to 1.9 times (handshakes) its processor time.
 */
export class Link {
  readonly #socket: BunSocket;
  readonly reader: Reader;
  /** What the kernel hasn't taken yet. */
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

  /** Writes on, when the kernel takes more. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.send(bytes);
  }

  close(): void {
    this.#socket.end();
  }
}

/** Shared by all the links, which Bun would otherwise keep a copy of each. */
const handlers = {
  // Nothing comes before the client has spoken, and so not before `data` is set.
  data: ({ data }: BunSocket, bytes: Buffer) => data.reader.onBytes(bytes),
  drain: ({ data }: BunSocket) => data.flush(),
  close: ({ data }: BunSocket) => data?.reader.onClose(),
  error: ({ data }: BunSocket) => data?.reader.onClose(),
};
