/** A connection that says nothing at first is given up after this time. */
const openTimeoutMs = 15_000;
/** After this time without a word a socket is asked whether it lives… */
const silenceMs = 20_000;
/** …and has this time to answer. */
const pongTimeoutMs = 10_000;
/** The same for a page that comes back: its user looks at it. */
const probeTimeoutMs = 5_000;
/** A stream of events can't be asked; the server writes to it more often than that. */
const streamSilenceMs = 60_000;

/** Finds out that a connection is dead, which the browser may not notice for minutes. */
export class Heartbeat {
  readonly #ping: (() => void) | undefined;
  readonly #onDead: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /**
   * Begins with a connection that is being opened.
   *
   * @param ping Asks the server for a sign of life, where it can be asked.
   */
  constructor(ping: (() => void) | undefined, onDead: () => void) {
    this.#ping = ping;
    this.#onDead = onDead;
    this.#after(openTimeoutMs, onDead);
  }

  /** A sign of life has come. */
  beat(): void {
    if (this.#ping) this.#after(silenceMs, () => this.probe(pongTimeoutMs));
    else this.#after(streamSilenceMs, this.#onDead);
  }

  /** Asks now, in doubt. */
  probe(timeoutMs: number = probeTimeoutMs): void {
    this.#after(timeoutMs, this.#onDead);
    this.#ping?.();
  }

  /** Lets go of the timer, for good: a stream may still hand on what it had read. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #after(ms: number, callback: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(callback, ms);
  }
}
