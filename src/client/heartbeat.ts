/** Time until the first bytes on a new connection. A silent connection is closed. */
const openTimeoutMs = 15_000;
/** Silence on a socket before the client sends a ping. */
const silenceMs = 20_000;
/** Time for the answer to a ping. */
const pongTimeoutMs = 10_000;
/** Time for the answer after a page became visible again: shorter, because a user is waiting. */
const probeTimeoutMs = 5_000;
/** Longest silence on an event stream, which has no pings. The server writes more often. */
const streamSilenceMs = 60_000;

/** Detects a dead connection. A browser may take minutes to notice. */
export class Heartbeat {
  readonly #ping: (() => void) | undefined;
  readonly #onDead: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /**
   * Starts while the connection is being opened.
   *
   * @param ping Sends a ping. Undefined for an event stream.
   */
  constructor(ping: (() => void) | undefined, onDead: () => void) {
    this.#ping = ping;
    this.#onDead = onDead;
    this.#after(openTimeoutMs, onDead);
  }

  /** Records received bytes or frames. */
  received(): void {
    if (this.#ping) this.#after(silenceMs, () => this.probe(pongTimeoutMs));
    else this.#after(streamSilenceMs, this.#onDead);
  }

  /** Sends a ping now. */
  probe(timeoutMs: number = probeTimeoutMs): void {
    this.#after(timeoutMs, this.#onDead);
    this.#ping?.();
  }

  /** Stops the timer for good, even if a stream still delivers buffered events. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #after(ms: number, callback: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(callback, ms);
  }
}
