import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import type { Transport } from "../connections/connection.ts";
import { SseBody } from "./body.ts";
import { encodeRetry, endEvent, pingComment, type SseFrame } from "./frames.ts";
import { refusalOf } from "./refusal.ts";

/** A browser can't be told to stay away, only to wait; so long, in milliseconds. */
const stayAwayMs = 86_400_000;

/** What a {@linkcode SseTransport} works with. */
export interface SseTransportOptions {
  /** See `createSseEncoder`. */
  readonly encode: (frame: string, epoch: string) => SseFrame;
  /** When a browser comes back whose stream broke, in milliseconds. */
  readonly retryMs: number;
  /** For how long the server refuses what comes after it began to stop, in milliseconds. */
  readonly drainMs: number;
  /** Beyond it nothing can be expected to arrive, in bytes. */
  readonly maxBufferedBytes: number;
  /** Called after the last event of a task that is over. */
  readonly onOver: () => void;
}

/**
 * A connection's frames as server-sent events.
 *
 * Until the first `sync` the client has no answer, so that what would close a
 * socket can still become an HTTP status; unless the store is away.
 */
export class SseTransport implements Transport {
  /**
   * The body of the answer; `undefined` where the client has seen the end of a
   * task that is over.
   *
   * @throws {ProblemError} When the client is refused.
   */
  readonly opened: Promise<ReadableStream | undefined>;
  readonly #opening: PromiseWithResolvers<ReadableStream | undefined>;
  readonly #options: SseTransportOptions;
  readonly #body = new SseBody();
  /** What the client would have been told before it had an answer. */
  readonly #errors: ErrorFrame[] = [];
  #isOpening = true;
  #epoch = "";
  #headOffset = 0;

  constructor(options: SseTransportOptions) {
    this.#options = options;
    this.#opening = Promise.withResolvers();
    this.opened = this.#opening.promise;
    this.#body.write(encodeRetry(options.retryMs, "event"));
  }

  /** Whether the client has no answer. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  get bufferedAmount(): number {
    return this.#body.waitingBytes;
  }

  send(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      throw new TypeError("Server-sent events carry text only");
    }
    const { type, bytes, place } = this.#options.encode(data, this.#epoch);
    if (this.#isOpening && type === "error") this.#errors.push(asError(data));
    this.#body.write(bytes);
    if (place === undefined) return;
    if (place.headOffset !== undefined) {
      this.#epoch = place.epoch;
      this.#headOffset = place.headOffset;
    }
    const isOver = place.isTerminal && place.offset >= this.#headOffset;
    this.#open(isOver && place.isRecovered === true);
    if (!isOver) return;
    this.#body.write(endEvent);
    this.#options.onOver();
  }

  close(code: CloseCode): Promise<void> {
    if (this.#isOpening) this.refuse(refusalOf(code, this.#errors));
    else this.#end(code);
    return Promise.resolve();
  }

  #end(code: CloseCode): void {
    const { maxBufferedBytes } = this.#options;
    if (this.bufferedAmount > maxBufferedBytes) this.#body.drop();
    else {
      const retryMs = this.#retryMsAfter(code);
      if (retryMs !== undefined) {
        this.#body.write(encodeRetry(retryMs, "nothing"));
      }
    }
    this.#body.end();
  }

  /**
   * Answers, where there is no answer yet: the client can wait for a store that
   * is away, and it can't be seen to leave before it has one.
   */
  begin(): void {
    this.#open(false);
  }

  /** Answers with an error, where there is no answer yet. */
  refuse(error: unknown): void {
    this.#isOpening = false;
    this.#body.end();
    this.#opening.reject(error);
  }

  /** Shows that the stream is alive, unless there is something to read already. */
  ping(): void {
    if (this.bufferedAmount === 0) this.#body.write(pingComment);
  }

  #open(hasSeenEnd: boolean): void {
    if (!this.#isOpening) return;
    this.#isOpening = false;
    this.#opening.resolve(hasSeenEnd ? undefined : this.#body.stream);
  }

  /**
   * A browser comes back by itself, and gives up on any answer but a stream:
   * it should find a server that does not stop any more.
   */
  #retryMsAfter(code: CloseCode): number | undefined {
    const { retryMs, drainMs } = this.#options;
    if (code === closeCodes.serviceRestart) return retryMs + drainMs;
    if (code === closeCodes.disconnected) return stayAwayMs;
  }
}

function asError(frame: string): ErrorFrame {
  const { code, message, retry_after_ms: retryAfterMs } = JSON.parse(frame);
  return {
    code,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
