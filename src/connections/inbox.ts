import { exceedsUtf8 } from "./utf8.ts";

/** A message from a client: text, or the bytes of a binary message. */
export type Message = string | ArrayBuffer;

/** Handles a message. Later messages wait until a returned promise settles. */
export type MessageHandler = (message: Message) => void | Promise<unknown>;

/**
 * Handles the messages of one connection in order, one after the other.
 *
 * The runtime always reads from the socket, so waiting messages are held in
 * memory, up to a limit.
 */
export class Inbox {
  readonly #maxBytes: number;
  readonly #onFailure: (error: unknown) => void;
  #waiting: Message[] | undefined;
  #waitingBytes = 0;
  #handler: MessageHandler | undefined;
  #busy = true;
  #stopped = false;

  /**
   * @param start Resolves to the handler; earlier messages wait.
   * @param maxBytes The maximum number of waiting bytes.
   * @param onFailure Called once with an error of `start` or the handler. Later
   * messages are not handled.
   */
  constructor(
    start: () => MessageHandler | Promise<MessageHandler>,
    maxBytes: number,
    onFailure: (error: unknown) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#onFailure = onFailure;
    try {
      const handler = start();
      if (handler instanceof Promise) {
        handler.then(
          (resolved) => {
            this.#handler = resolved;
            this.#next();
          },
          (error) => this.#fail(error),
        );
        return;
      }
      this.#handler = handler;
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
  }

  /**
   * Handles a message now or later.
   *
   * @returns `false` if too much is waiting already; the message is dropped.
   */
  push(message: Message): boolean {
    if (this.#stopped) return true;
    if (!this.#busy) {
      this.#handle(message);
      return true;
    }
    this.#waitingBytes += messageBytes(message);
    if (this.#waitingBytes > this.#maxBytes) return false;
    this.#waiting ??= [];
    this.#waiting.push(message);
    return true;
  }

  /** Drops all waiting messages and handles no more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = undefined;
  }

  /** Runs the handler; never throws or rejects. */
  #handle(message: Message): void {
    this.#busy = true;
    try {
      const pending = this.#handler?.(message);
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
      const message = this.#waiting?.shift();
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

/** True if a message is over a size limit in bytes. */
export function exceedsBytes(message: Message, maxBytes: number): boolean {
  return typeof message === "string"
    ? exceedsUtf8(message, maxBytes)
    : message.byteLength > maxBytes;
}

/**
 * Returns the size of a message in bytes, or in UTF-16 code units, which are
 * cheaper to count.
 */
export function sizeOf(message: Message): number {
  return typeof message === "string" ? message.length : message.byteLength;
}

/** Returns the memory used by a waiting message, not its length on the wire. */
function messageBytes(message: Message): number {
  // The constant covers the string or buffer object.
  return 64 +
    (typeof message === "string" ? message.length * 2 : message.byteLength);
}
