/** How long a frame may take to come, in milliseconds. */
const frameTimeoutMs = 10_000;

/** A client's socket, read frame by frame in the order of their arrival. */
export class FrameReader {
  readonly #socket: WebSocket;
  readonly #frames: (string | ArrayBuffer)[] = [];
  #end: Error | undefined;
  #wake = () => {};

  /**
   * @param url May hold a token in its query; it appears in no error.
   * @param protocols Subprotocols to offer.
   */
  constructor(url: URL, protocols: string[] = []) {
    this.#socket = new WebSocket(url, protocols);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => {
      this.#frames.push(data);
      this.#wake();
    };
    this.#socket.onerror = (event) => {
      this.#stop(explainSocketError(event));
    };
    this.#socket.onclose = ({ code, reason }) => {
      this.#stop(
        `the server closed the socket with ${code}${reason && ` (${reason})`}`,
      );
    };
  }

  /** Sends a message; the socket must have been read from before. */
  send(message: string | ArrayBuffer): void {
    this.#socket.send(message);
  }

  /**
   * The next frame.
   *
   * @throws {Error} When the socket could not be opened, ended, or is silent for 10 s.
   */
  async next(): Promise<string | ArrayBuffer> {
    const deadline = setTimeout(
      () => this.#stop(`nothing came for ${frameTimeoutMs / 1_000} s`),
      frameTimeoutMs,
    );
    try {
      for (;;) {
        const frame = this.#frames.shift();
        if (frame !== undefined) return frame;
        if (this.#end) throw this.#end;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #stop(reason: string): void {
    this.#end ??= new Error(reason);
    this.#wake();
  }
}

/** Why a client's socket could not be opened, in words; the runtime's message holds no URL. */
export function explainSocketError(event: Event): string {
  const message = event instanceof ErrorEvent ? event.message : event.type;
  const status = /Invalid status code: (\d+)/.exec(message)?.[1];
  if (status !== undefined) {
    return `the server answered HTTP ${status} instead of accepting the WebSocket`;
  }
  if (/tcp connect error|connection refused/i.test(message)) {
    return "nothing listens there, or it refuses connections";
  }
  return message.replace(/^NetworkError: /, "");
}
