import type { AuthStatus } from "../auth/identity.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import { encodeError, type ErrorFrame } from "../protocol/server_frames.ts";
import { jitteredRetryMs } from "./retry.ts";
import { limitUtf8 } from "./utf8.ts";

/** The part of a `WebSocket` used by a {@linkcode Connection}. */
export interface Transport {
  /** Bytes queued in this process and not yet passed to the kernel. */
  readonly bufferedAmount: number;
  send(data: string | ArrayBuffer): void;
  /**
   * Closes with a code and a reason.
   *
   * @param lingerMs The maximum delay of the close while the client keeps
   * sending.
   * @returns Resolves when the runtime has the close frame.
   */
  close(code: number, reason: string, lingerMs: number): Promise<void>;
}

/**
 * Facts about a client from its handshake. Copied, because the request can't be
 * read after the upgrade.
 */
export interface Handshake {
  /** The route's name in the routes table. */
  readonly route: string;
  readonly taskId: string;
  /**
   * False if the socket watches no task of its own (`?watch=false`): the task id
   * then only names the connection.
   */
  readonly watches?: false;
  /** The query's `epoch`: part of the position at which the client resumes. */
  readonly epoch: string | undefined;
  /** The query's `offset`, unparsed. */
  readonly offset: string | undefined;
  readonly origin: string | undefined;
  readonly remoteAddress: string;
}

/**
 * The outcome of sending a frame: `sent` if the reader keeps up, `backlogged`
 * if the sender should wait, `closed` if the frame was dropped because the
 * connection is closed.
 */
export type SendOutcome = "sent" | "backlogged" | "closed";

/** The limits of a {@linkcode Connection} for slow readers. */
export interface ConnectionOptions {
  /** The maximum number of bytes waiting to be sent. */
  readonly maxBufferedBytes: number;
  /**
   * The time, in milliseconds, after which a reader that takes no waiting bytes
   * is evicted; `Infinity` for never.
   */
  readonly stallTimeoutMs: number;
  /** Called before a slow connection is evicted. */
  readonly onEvicted?: () => void;
  /** Called when a connection has ended, with the close code. */
  readonly onClosed?: (code: number) => void;
}

/** The maximum delay of a close while the client sends, in milliseconds. */
const maxLingerMs = 1_000;

/** The maximum length of a close reason, in bytes (RFC 6455 §5.5). */
const maxReasonBytes = 123;

/** The time for which a socket's buffer may stay over its limit (spec §5). */
const congestionTimeoutMs = 5_000;

/**
 * The longest interval, in milliseconds, between two checks of a backlogged
 * socket: the runtime has no drain event.
 */
const longestPollMs = 250;

/** The share of the buffer limit from which on a sender should wait. */
const backlogShare = 1 / 16;

/** The serial of the newest connection. */
let lastSerial = 0;

/**
 * Returns the time in microseconds, which leaves room for a thousand
 * connections per millisecond. Never returns the same number twice.
 */
function nextSerial(): number {
  lastSerial = Math.max(lastSerial + 1, Date.now() * 1_000);
  return lastSerial;
}

/**
 * An open socket or event stream: sends frames, and closes once.
 *
 * `send` never waits, and the runtime queues without limit for a reader that
 * has stopped. Therefore senders of more than an answer must check the outcome,
 * and wait on {@linkcode Connection.writable} after `backlogged`.
 */
export class Connection {
  readonly id: string = crypto.randomUUID();
  /**
   * The time of creation in microseconds since 1970, increased if necessary:
   * later connections of this process have greater numbers.
   */
  readonly serial: number = nextSerial();
  readonly #openedAtMs = Date.now();
  readonly handshake: Handshake;
  /** The status of the client's identity, on routes that check tokens. */
  authStatus: AuthStatus | undefined;
  userId: string | undefined;
  readonly #transport: Transport;
  readonly #options: ConnectionOptions;
  readonly #backlogBytes: number;
  #cleanups: (() => void)[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(
    transport: Transport,
    handshake: Handshake,
    options: ConnectionOptions,
  ) {
    this.#transport = transport;
    this.handshake = handshake;
    this.#options = options;
    this.#backlogBytes = options.maxBufferedBytes * backlogShare;
  }

  get openedAt(): Date {
    return new Date(this.#openedAtMs);
  }

  /** True if either side has begun to close. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The number of bytes waiting to be sent, those of this turn included. */
  get bufferedBytes(): number {
    return this.#transport.bufferedAmount;
  }

  /** True if a sender should wait. */
  get isBacklogged(): boolean {
    return this.#transport.bufferedAmount > this.#backlogBytes;
  }

  /** Sends or queues a frame. */
  send(frame: string | ArrayBuffer): SendOutcome {
    if (this.#closed) return "closed";
    this.#transport.send(frame);
    return this.isBacklogged ? "backlogged" : "sent";
  }

  /**
   * Waits until the connection is no longer backlogged, or has ended. A slow
   * client is evicted with 4408, and can resume later. A client is slow if its
   * buffer stays over the limit for 5 s, or if it takes no waiting bytes for
   * the idle timeout (its pings wait in the same buffer).
   */
  writable(): Promise<void> {
    if (this.#closed || !this.isBacklogged) return Promise.resolve();
    this.#draining ??= this.#drained()
      .finally(() => this.#draining = undefined);
    return this.#draining;
  }

  /**
   * Registers a cleanup for the end of the connection, whichever side ends it.
   * Called at once if the connection has ended already.
   */
  onEnd(cleanup: () => void): void {
    if (this.#closed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Unregisters a cleanup. */
  offEnd(cleanup: () => void): void {
    this.#cleanups = this.#cleanups.filter((each) => each !== cleanup);
  }

  /**
   * Closes the socket, once. An `error` frame with the reason is sent first,
   * because pages often cannot see a close reason. A full buffer gets no
   * `error` frame, since the frame would never arrive.
   *
   * The cleanups run now, and not when the runtime reports the close: for a
   * reader that has stopped, the runtime never does.
   *
   * @param lingerMs The maximum delay of the close frame, which a client that
   * is still sending would lose.
   */
  close(code: CloseCode, error?: ErrorFrame, lingerMs = maxLingerMs): void {
    if (this.#closed) return;
    if (error && !this.#isCongested) this.send(encodeError(error));
    this.#closing = this.#transport.close(
      code,
      limitUtf8(error?.message ?? "", maxReasonBytes),
      Math.min(lingerMs, maxLingerMs),
    );
    this.ended(code);
  }

  /** Resolves when the runtime has the close frame. */
  get closing(): Promise<void> {
    return this.#closing ?? Promise.resolve();
  }

  /** Closes the connection after a server error, which only the log shows. */
  fail(error: unknown): void {
    const { route, taskId } = this.handshake;
    log.error("The {route} connection {connection} failed: {error}", {
      route,
      connection: this.id,
      connectionId: taskId,
      error,
    });
    this.close(closeCodes.internalError, {
      code: "internal_error",
      message: "The server failed on this connection: see the server's log",
      retryAfterMs: jitteredRetryMs(),
    });
  }

  /**
   * Notes the end of the socket; later calls do nothing.
   *
   * @param code The close code. By default the client disconnected.
   */
  ended(code: number = closeCodes.goingAway): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClosed?.(code);
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  async #drained(): Promise<void> {
    let pollMs = 0;
    let bytesBefore = Infinity;
    let progressAtMs = performance.now();
    let congestedAtMs: number | undefined;
    while (!this.#closed && this.isBacklogged) {
      const now = performance.now();
      const bytes = this.bufferedBytes;
      if (bytes < bytesBefore) progressAtMs = now;
      bytesBefore = bytes;
      congestedAtMs = this.#isCongested ? congestedAtMs ?? now : undefined;
      const evictAtMs = Math.min(
        (congestedAtMs ?? Infinity) + congestionTimeoutMs,
        progressAtMs + this.#options.stallTimeoutMs,
      );
      if (now >= evictAtMs) return this.#evict();
      await delay(Math.min(pollMs, evictAtMs - now));
      pollMs = Math.min(2 * pollMs + 1, longestPollMs);
    }
  }

  get #isCongested(): boolean {
    return this.#transport.bufferedAmount > this.#options.maxBufferedBytes;
  }

  #evict(): void {
    const { route, taskId, remoteAddress } = this.handshake;
    log.info(
      "Evicted the {route} connection {connection}: the client reads too slowly",
      {
        route,
        connection: this.id,
        connectionId: taskId,
        remoteAddress,
      },
    );
    this.#options.onEvicted?.();
    this.close(closeCodes.tooSlow, {
      code: "too_slow",
      message:
        "The client reads too slowly: reconnect with the last epoch and offset",
      retryAfterMs: jitteredRetryMs(),
    });
  }
}
