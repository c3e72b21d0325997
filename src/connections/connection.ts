import type { AuthStatus } from "../auth/identity.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import { encodeError, type ErrorFrame } from "../protocol/server_frames.ts";
import { jitteredRetryMs } from "./retry.ts";
import { limitUtf8 } from "./utf8.ts";

/** The part of a `WebSocket` that a {@linkcode Connection} needs. */
export interface Transport {
  /** Bytes queued in this process and not yet with the kernel. */
  readonly bufferedAmount: number;
  send(data: string | ArrayBuffer): void;
  /**
   * Closes with a code and a reason.
   *
   * @param lingerMs How long a client that goes on sending may delay that.
   * @returns Resolves once the close frame is with the runtime.
   */
  close(code: number, reason: string, lingerMs: number): Promise<void>;
}

/** What is known of a client before its socket opens; copied, because the request is gone afterwards. */
export interface Handshake {
  /** The route's name in the routes table. */
  readonly route: string;
  readonly taskId: string;
  /** `epoch` of the query: where a client resumes. */
  readonly epoch: string | undefined;
  /** `offset` of the query, unparsed. */
  readonly offset: string | undefined;
  readonly origin: string | undefined;
  readonly remoteAddress: string;
}

/**
 * What became of a frame: `sent` to a reader that keeps up; queued behind so
 * much that the sender should wait (`backlogged`); dropped, since the
 * connection is `closed`.
 */
export type SendOutcome = "sent" | "backlogged" | "closed";

/** How a {@linkcode Connection} treats a slow reader. */
export interface ConnectionOptions {
  /** What may wait to be sent, in bytes. */
  readonly maxBufferedBytes: number;
  /** How long it may take nothing at all of what waits, in milliseconds; `Infinity` for ever. */
  readonly stallTimeoutMs: number;
  /** Called before a connection is closed for being too slow. */
  readonly onEvicted?: () => void;
  /** Called once a connection has ended, with its close code. */
  readonly onClosed?: (code: number) => void;
}

/** The longest time for which a client that goes on sending delays its close, in milliseconds. */
const maxLingerMs = 1_000;

/** A close reason is at most this long, in bytes (RFC 6455 §5.5). */
const maxReasonBytes = 123;

/** How long a socket's buffer may stay over its limit (spec §5). */
const congestionTimeoutMs = 5_000;

/** How seldom a backlogged socket's buffer is looked at, in milliseconds: the runtime has no drain event. */
const longestPollMs = 250;

/** The share of the buffer's limit beyond which a sender should wait. */
const backlogShare = 1 / 16;

/** Of the newest connection. */
let lastSerial = 0;

/** The clock in microseconds, so that a thousand connections fit in its tick; never what it was before. */
function nextSerial(): number {
  lastSerial = Math.max(lastSerial + 1, Date.now() * 1_000);
  return lastSerial;
}

/**
 * One open socket, or stream of events: sends, and closes once.
 *
 * `send` never waits, and the runtime queues without bound what a reader that
 * stopped reading doesn't take. So whoever sends more than an answer looks at
 * its outcome, and waits on {@linkcode Connection.writable} after `backlogged`.
 */
export class Connection {
  readonly id: string = crypto.randomUUID();
  /**
   * When it was made, in microseconds since 1970, moved on as far as it takes
   * for a later connection of this process to have a greater number.
   */
  readonly serial: number = nextSerial();
  readonly openedAt: Date = new Date();
  readonly handshake: Handshake;
  /** Who the client turned out to be, where the route asks. */
  authStatus: AuthStatus | undefined;
  userId: string | undefined;
  readonly #transport: Transport;
  readonly #options: ConnectionOptions;
  readonly #backlogBytes: number;
  #cleanups: (() => void)[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;
  #closing: Promise<void> = Promise.resolve();

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

  /** Whether either side has begun to close. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes that wait to be sent; a frame sent in this turn counts. */
  get bufferedBytes(): number {
    return this.#transport.bufferedAmount;
  }

  /** Whether a sender should wait. */
  get isBacklogged(): boolean {
    return this.#transport.bufferedAmount > this.#backlogBytes;
  }

  /** Sends a frame, or queues it. */
  send(frame: string | ArrayBuffer): SendOutcome {
    if (this.#closed) return "closed";
    this.#transport.send(frame);
    return this.isBacklogged ? "backlogged" : "sent";
  }

  /**
   * Waits until the connection is no longer backlogged, or has ended. A client
   * that is too slow is closed with 4408, and resumes when it can: one whose
   * buffer stays over its limit for 5 s, or that takes nothing at all of it for
   * the idle timeout (its pings wait in the same buffer).
   */
  writable(): Promise<void> {
    if (this.#closed || !this.isBacklogged) return Promise.resolve();
    this.#draining ??= this.#drained()
      .finally(() => this.#draining = undefined);
    return this.#draining;
  }

  /**
   * Registers what is to be undone when the connection ends, by whichever side
   * and however; called at once where it has ended already.
   *
   * @returns Takes it back: there is nothing to be undone any more.
   */
  onEnd(cleanup: () => void): () => void {
    if (this.#closed) cleanup();
    else this.#cleanups.push(cleanup);
    return () => {
      this.#cleanups = this.#cleanups.filter((each) => each !== cleanup);
    };
  }

  /**
   * Closes the socket, once. The reason goes out as an `error` frame before,
   * because a page often cannot see why its socket closed; not where the
   * buffer is full, since it would never arrive.
   *
   * Everything is undone now and not when the runtime reports the close: for a
   * reader that has stopped it never does.
   *
   * @param lingerMs How long a client that goes on sending may delay the close
   * frame, which it would lose.
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

  /** Resolves once the close frame of {@linkcode Connection.close} is with the runtime. */
  get closing(): Promise<void> {
    return this.#closing;
  }

  /** Ends the connection after a fault of ours: logged, and told without its details. */
  fail(error: unknown): void {
    const { route, taskId } = this.handshake;
    log.error("The {route} connection {connection} failed: {error}", {
      route,
      connection: this.id,
      taskId,
      error,
    });
    this.close(closeCodes.internalError, {
      code: "internal_error",
      message: "The server failed on this connection: its log says why",
      retryAfterMs: jitteredRetryMs(),
    });
  }

  /**
   * Takes note that the socket is closed or closing; later calls do nothing.
   *
   * @param code By default that the peer is gone.
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
    log.info("The {route} connection {connection} was too slow", {
      route,
      connection: this.id,
      taskId,
      remoteAddress,
    });
    this.#options.onEvicted?.();
    this.close(closeCodes.tooSlow, {
      code: "too_slow",
      message:
        "The client did not read what was sent to it: connect again with the last epoch and offset",
      retryAfterMs: jitteredRetryMs(),
    });
  }
}
