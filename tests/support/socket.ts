/** A JSON frame. */
export type Frame = Record<string, unknown>;

/** The end of a socket. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/**
 * A real WebSocket client, awaited instead of listened to. Disposing closes the
 * socket and waits for the end.
 */
export class TestSocket implements AsyncDisposable {
  readonly raw: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<SocketClose>;
  readonly #frames: (string | ArrayBuffer)[] = [];
  #wake = () => {};
  #end: SocketClose | undefined;

  constructor(url: string, protocols: string[] = []) {
    const socket = this.raw = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<SocketClose>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    this.opened.catch(() => {}); // not every test waits for the opening
    socket.onopen = () => opened.resolve();
    socket.onmessage = ({ data }) => {
      this.#frames.push(data);
      this.#wake();
    };
    socket.onerror = (event) => {
      opened.reject(new Error((event as ErrorEvent).message));
    };
    socket.onclose = ({ code, reason }) => {
      this.#end = { code, reason };
      closed.resolve(this.#end);
      this.#wake();
    };
  }

  /** Returns the next message. Rejects if the socket ends before. */
  async next(): Promise<string | ArrayBuffer> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#end) throw new Error(`Socket ended with ${this.#end.code}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The next message, parsed. */
  async nextFrame(): Promise<Frame> {
    return JSON.parse(String(await this.next()));
  }

  /** Returns the next message of a type. Drops earlier messages. */
  async nextOf(type: string): Promise<Frame> {
    for (;;) {
      const frame = await this.nextFrame();
      if (frame.type === type) return frame;
    }
  }

  send(message: string | ArrayBuffer | Frame): void {
    const isRaw = typeof message === "string" || message instanceof ArrayBuffer;
    this.raw.send(isRaw ? message : JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.raw.close();
    await this.closed;
  }
}
