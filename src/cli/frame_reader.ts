import { causeOfStatus, Fault, networkFault } from "../terminal/fault.ts";

/** The time limit for a frame, in milliseconds. */
const frameTimeoutMs = 10_000;

/** A client's socket, read frame by frame in the order of arrival. */
export class FrameReader {
  readonly #socket: WebSocket;
  readonly #frames: (string | ArrayBuffer)[] = [];
  #end: Fault | undefined;
  #wake = () => {};

  /**
   * @param url May hold a token in its query; errors never show the URL.
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
        new Fault(
          `the server closed the socket with ${code}${
            reason && ` (${reason})`
          }`,
        ),
      );
    };
  }

  /** Sends a message; only valid after a first frame, when the socket is open. */
  send(message: string | ArrayBuffer): void {
    this.#socket.send(message);
  }

  /**
   * Waits for the next frame.
   *
   * @throws {Fault} If the socket does not open, is closed, or stays silent for 10 s.
   */
  async next(): Promise<string | ArrayBuffer> {
    const deadline = setTimeout(() => {
      const silence = `no frame within ${frameTimeoutMs / 1_000} s`;
      this.#stop(
        this.#socket.readyState === WebSocket.CONNECTING
          ? new Fault(
            `no answer to the handshake within ${frameTimeoutMs / 1_000} s`,
            "unanswered",
          )
          : new Fault(silence),
      );
    }, frameTimeoutMs);
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

  #stop(fault: Fault): void {
    this.#end ??= fault;
    this.#wake();
  }
}

/** Explains a failure to open a client's socket; the fault holds no URL. */
export function explainSocketError(event: Event): Fault {
  const message = event instanceof ErrorEvent ? event.message : event.type;
  const status = /Invalid status code: (\d+)/.exec(message)?.[1];
  if (status === undefined) return networkFault(message);
  return new Fault(
    `the server answered HTTP ${status} instead of accepting the WebSocket`,
    causeOfStatus(Number(status)),
  );
}
