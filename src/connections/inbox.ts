import { exceedsUtf8 } from "./utf8.ts";

/** A client's message: text, or the bytes of a binary one. */
export type Message = string | ArrayBuffer;

/**
 * Takes one message. While a returned promise is pending, later messages wait
 * their turn.
 */
export type MessageHandler = (message: Message) => void | Promise<unknown>;

/**
 * The order of one connection's messages: each is handled after the one before
 * is done, be that at once or later.
 *
 * Messages wait in memory, because the runtime reads a socket whether we want
 * more or not; so the wait is bounded.
 */
export class Inbox {
  readonly #maxBytes: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #waiting: Message[] = [];
  #waitingBytes = 0;
  #handler: MessageHandler | undefined;
  #busy = true;
  #stopped = false;

  /**
   * @param start Resolves to the handler; messages before that wait.
   * @param maxBytes The most that may wait, in bytes.
   * @param onFailure Called once with what `start` or the handler threw or
   * rejected with; nothing is handled afterwards.
   */
  constructor(
    start: () => MessageHandler | Promise<MessageHandler>,
    maxBytes: number,
    onFailure: (error: unknown) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#onFailure = onFailure;
    this.#attempt(() => {
      const handler = start();
      if (!(handler instanceof Promise)) {
        this.#handler = handler;
        return;
      }
      return handler.then((resolved) => {
        this.#handler = resolved;
      });
    });
  }

  /**
   * Handles a message, or lets it wait.
   *
   * @returns `false` when too much waits already; the message is dropped.
   */
  push(message: Message): boolean {
    if (this.#stopped) return true;
    if (!this.#busy) {
      this.#handle(message);
      return true;
    }
    this.#waitingBytes += messageBytes(message);
    if (this.#waitingBytes > this.#maxBytes) return false;
    this.#waiting.push(message);
    return true;
  }

  /** Drops what waits; nothing is handled any more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #handle(message: Message): void {
    this.#attempt(() => this.#handler?.(message));
  }

  /** The one place where an endpoint's code runs; it never throws or rejects. */
  #attempt(action: () => void | Promise<unknown>): void {
    this.#busy = true;
    try {
      const pending = action();
      if (pending instanceof Promise) {
        pending.then(() => this.#next(), (error) => this.#fail(error));
        return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#busy = false;
  }

  #next(): void {
    this.#busy = false;
    while (!this.#busy && !this.#stopped) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#waitingBytes -= messageBytes(message);
      this.#handle(message);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#onFailure(error);
  }
}

/** Whether a message is over a size limit in bytes. */
export function exceedsBytes(message: Message, maxBytes: number): boolean {
  return typeof message === "string"
    ? exceedsUtf8(message, maxBytes)
    : message.byteLength > maxBytes;
}

/** The size of a message, in bytes, or in UTF-16 code units, which need no counting. */
export function sizeOf(message: Message): number {
  return typeof message === "string" ? message.length : message.byteLength;
}

/** What a waiting message is counted as: its memory, not its length on the wire. */
function messageBytes(message: Message): number {
  // The constant stands for the string or buffer object itself.
  return 64 +
    (typeof message === "string" ? message.length * 2 : message.byteLength);
}
