import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import type { Transport } from "../connections/connection.ts";
import { SseBody } from "./body.ts";
import { encodeRetry, endEvent, pingComment, type SseFrame } from "./frames.ts";
import { refusalOf } from "./refusal.ts";

/**
 * The reconnect delay, in milliseconds, for a disconnected browser: SSE can
 * only delay a reconnect, not prevent one.
 */
const stayAwayMs = 86_400_000;

/** The options of an {@linkcode SseTransport}. */
export interface SseTransportOptions {
  /** See `createSseEncoder`. */
  readonly encode: (frame: string, epoch: string) => SseFrame;
  /** The reconnect delay, in milliseconds, after a broken stream. */
  readonly retryMs: number;
  /** The time, in milliseconds, for which a stopping server refuses clients. */
  readonly drainMs: number;
  /** The limit of unsent bytes; beyond it, further data would not arrive. */
  readonly maxBufferedBytes: number;
  /** Called after the last event of a finished task. */
  readonly onFinished: () => void;
}

/**
 * Sends a connection's frames as server-sent events.
 *
 * The answer begins with the first `sync` or `list`, so until then a rejection
 * can still become an HTTP status. If the store is down, the answer begins
 * earlier.
 */
export class SseTransport implements Transport {
  /**
   * The body of the answer; `undefined` if the client has already seen all
   * events of a finished task.
   *
   * @throws {ProblemError} If the client is refused.
   */
  readonly opened: Promise<ReadableStream | undefined>;
  readonly #opening: PromiseWithResolvers<ReadableStream | undefined>;
  readonly #options: SseTransportOptions;
  readonly #body = new SseBody();
  /** The `error` frames sent before the answer began. */
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

  /** True until the answer begins. */
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
    if (type === "list") this.begin();
    if (place === undefined) return;
    if (place.headOffset !== undefined) {
      this.#epoch = place.epoch;
      this.#headOffset = place.headOffset;
    }
    const isFinished = place.isTerminal && place.offset >= this.#headOffset;
    this.#open(isFinished && place.isRecovered === true);
    if (!isFinished) return;
    this.#body.write(endEvent);
    this.#options.onFinished();
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
   * Begins the answer, unless already begun. Without an answer, a client could
   * not wait for a store that is down, and its disconnect would stay unnoticed.
   */
  begin(): void {
    this.#open(false);
  }

  /** Answers with an error instead of a stream. */
  refuse(error: unknown): void {
    this.#isOpening = false;
    this.#body.end();
    this.#opening.reject(error);
  }

  /** Sends a ping comment, unless unread data is waiting. */
  ping(): void {
    if (this.bufferedAmount === 0) this.#body.write(pingComment);
  }

  #open(hasSeenEnd: boolean): void {
    if (!this.#isOpening) return;
    this.#isOpening = false;
    this.#opening.resolve(hasSeenEnd ? undefined : this.#body.stream);
  }

  /**
   * Browsers reconnect on their own, and give up after any answer but a stream.
   * The delay lets a stopping server finish first.
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
