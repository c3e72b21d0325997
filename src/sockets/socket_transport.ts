import { setImmediate } from "node:timers";
import type { Transport } from "../connections/connection.ts";

/**
 * The interval, in milliseconds, at which a closing socket is checked for
 * input.
 */
const checkMs = 25;

/** The number of consecutive checks without input that make a pause. */
const quietChecks = 4;

/**
 * The runtime's socket as the transport of a `Connection`.
 *
 * A client that is still sending would lose the close frame: the runtime drops
 * a closing socket at the next message, and the kernel resets a TCP connection
 * closed with unread input. So `close` keeps reading and discarding input until
 * the client pauses for 0.1 s.
 */
export class SocketTransport implements Transport {
  readonly #socket: WebSocket;
  #hasInput = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | ArrayBuffer): void {
    this.#socket.send(data);
  }

  async close(code: number, reason: string, lingerMs: number): Promise<void> {
    await this.#untilQuiet(lingerMs);
    this.#socket.close(code, reason);
  }

  /** Notes a message from the client. */
  noteInput(): void {
    this.#hasInput = true;
  }

  /** Notes the close of the socket, by either side. */
  ended(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /**
   * Waits for a pause of the client. If none comes, waits in the last quarter
   * of the time for a single turn of the event loop without input: the close
   * frame may then arrive before the client's next message.
   *
   * Counts checks instead of milliseconds: after a busy event loop, due timers
   * fire before pending input is delivered.
   */
  async #untilQuiet(lingerMs: number): Promise<void> {
    const endsAtMs = performance.now() + lingerMs;
    const leftMs = () => endsAtMs - performance.now();
    let quiet = 0;
    while (quiet < quietChecks && leftMs() > lingerMs / 4) {
      quiet = await this.#isQuiet(checkMs) ? quiet + 1 : 0;
    }
    if (quiet === quietChecks) return;
    while (!await this.#isQuiet() && leftMs() > 0);
  }

  /**
   * Resolves to true if no input arrives for a duration, by default one turn,
   * or the socket has closed.
   */
  async #isQuiet(durationMs?: number): Promise<boolean> {
    if (this.#isClosed) return true;
    this.#hasInput = false;
    await new Promise<void>((resolve) => {
      if (durationMs === undefined) return void setImmediate(resolve);
      const timer = setTimeout(resolve, durationMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return !this.#hasInput;
  }
}
