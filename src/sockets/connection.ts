import type { AuthStatus } from "../auth/identity.ts";
import { log } from "../log.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import { encodeError, type ErrorFrame } from "../protocol/server_frames.ts";
import { jitteredRetryMs } from "./retry.ts";
import { limitUtf8 } from "./utf8.ts";

/** The part of a `WebSocket` that a {@linkcode Connection} needs. */
export interface Transport {
  /** Bytes queued in this process and not yet with the kernel. */
  readonly bufferedAmount: number;
  send(data: string | ArrayBuffer): void;
  close(code: number, reason: string): void;
}

/** What is known of a client before its socket opens; copied, because the request is gone afterwards. */
export interface Handshake {
  /** The route's name in the routes table. */
  readonly route: string;
  readonly connectionId: string;
  /** As offered: by the query, else by the `bearer` subprotocol. */
  readonly token?: string;
  /** `epoch` of the query: where a client resumes. */
  readonly epoch?: string;
  /** `offset` of the query, unparsed. */
  readonly offset?: string;
  readonly origin?: string;
  readonly remoteAddress: string;
}

/** What became of a frame. */
export type SendOutcome = "queued" | "closed";

/** A close reason is at most this long, in bytes (RFC 6455 §5.5). */
const maxReasonBytes = 123;

/** How long a socket's buffer may stay over its limit (spec §5). */
const congestionTimeoutMs = 5_000;

/** How often a congested socket's buffer is looked at: the runtime has no drain event. */
const congestionPollMs = 50;

/**
 * One open socket: sends, and closes once.
 *
 * `send` never waits, so nothing but this class's limit bounds what a reader
 * that stopped reading holds. Whoever sends more than an answer looks at
 * {@linkcode Connection.isCongested} first and waits on
 * {@linkcode Connection.writable} while it is true.
 */
export class Connection {
  readonly id: string = crypto.randomUUID();
  readonly openedAt: Date = new Date();
  readonly handshake: Handshake;
  /** Who the client turned out to be, where the route asks. */
  authStatus: AuthStatus | undefined;
  userId: string | undefined;
  readonly #transport: Transport;
  readonly #maxBufferedBytes: number;
  readonly #cleanups: (() => void)[] = [];
  #closed = false;

  constructor(
    transport: Transport,
    handshake: Handshake,
    maxBufferedBytes: number,
  ) {
    this.#transport = transport;
    this.handshake = handshake;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Whether either side has begun to close. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes that wait to be sent; a frame sent in this turn counts. */
  get bufferedBytes(): number {
    return this.#transport.bufferedAmount;
  }

  /** Whether more is buffered than the limit allows. */
  get isCongested(): boolean {
    return this.#transport.bufferedAmount > this.#maxBufferedBytes;
  }

  /** Queues a frame; after the close it is dropped, which the outcome says. */
  send(frame: string | ArrayBuffer): SendOutcome {
    if (this.#closed) return "closed";
    this.#transport.send(frame);
    return "queued";
  }

  /**
   * Waits until the buffer is under its limit again. A client that doesn't
   * read for 5 s is closed with 4408: it resumes when it can.
   */
  async writable(): Promise<void> {
    const deadline = Date.now() + congestionTimeoutMs;
    while (!this.#closed && this.isCongested) {
      if (Date.now() >= deadline) {
        this.close(closeCodes.tooSlow, {
          code: "too_slow",
          message:
            "The client did not read for 5 s while its buffer was full: connect again with the last epoch and offset",
          retryAfterMs: jitteredRetryMs(),
        });
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, congestionPollMs));
    }
  }

  /**
   * Registers what is to be undone when the connection ends, by whichever side
   * and however; called at once where it has ended already.
   */
  onEnd(cleanup: () => void): void {
    if (this.#closed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /**
   * Closes the socket, once. The reason goes out as an `error` frame before,
   * because a page often cannot see why its socket closed; not where the
   * buffer is full, since it would never arrive.
   *
   * Everything is undone now and not when the runtime reports the close: for a
   * reader that has stopped it never does.
   */
  close(code: CloseCode, error?: ErrorFrame): void {
    if (this.#closed) return;
    if (error && !this.isCongested) this.send(encodeError(error));
    this.#transport.close(
      code,
      limitUtf8(error?.message ?? "", maxReasonBytes),
    );
    this.ended();
  }

  /** Ends the connection after a fault of ours: logged, and told without its details. */
  fail(error: unknown): void {
    const { route, connectionId } = this.handshake;
    log.error("The {route} connection {connection} failed: {error}", {
      route,
      connection: this.id,
      connectionId,
      error,
    });
    this.close(closeCodes.internalError, {
      code: "internal_error",
      message: "The server failed on this connection: its log says why",
      retryAfterMs: jitteredRetryMs(),
    });
  }

  /** Takes note that the socket is closed or closing; later calls do nothing. */
  ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }
}
