import { setImmediate } from "node:timers";
import type { Transport } from "../connections/connection.ts";

/** The interval at which a closing socket is checked for input, in milliseconds. */
const checkMs = 25;

/** The number of checks in a row without input that make a pause. */
const quietChecks = 4;

/**
 * A runtime's socket as a `Connection` uses it.
 *
 * A client that is still sending would lose the close frame: the runtime drops
 * a closing socket with the next message that it reads, and the kernel resets a
 * TCP connection that is closed with unread input. So the socket goes on
 * reading, and the input is discarded, until the client pauses for 0.1 s.
 */
export class SocketTransport implements Transport {
  readonly #socket: WebSocket;
  #hasInput = false;
  #isOver = false;
  #wake = () => {};

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

  /** Notes that the client has sent a message. */
  noteInput(): void {
    this.#hasInput = true;
  }

  /** Notes that the socket has closed, by either side. */
  ended(): void {
    this.#isOver = true;
    this.#wake();
  }

  /**
   * Waits for a pause; of a client that makes none, for the first turn of the
   * event loop without input in the last quarter of the time: the close frame
   * then has a chance to arrive before the client's next message.
   *
   * Counts checks and not milliseconds, because input that came while the event
   * loop was busy is delivered after the timers that have become due.
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

  /** Tells if no input comes for some time, by default for one turn; true once the socket has closed. */
  async #isQuiet(durationMs?: number): Promise<boolean> {
    if (this.#isOver) return true;
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
