/** The longest delay of a timer, in milliseconds; a longer one would ring at once. */
const maxDelayMs = 2_147_483_647;

/** How long before its end a token's bearer is told, in milliseconds (spec §1). */
const noticeMs = 30_000;

/** What a {@linkcode TokenClock} tells. */
export interface TokenClockEvents {
  /** The token is about to end, in so many seconds. */
  readonly onExpiring: (expiresInSeconds: number) => void;
  /** It has ended. */
  readonly onExpired: () => void;
}

/** Watches the end of one connection's token. */
export class TokenClock {
  readonly #events: TokenClockEvents;
  readonly #graceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param graceMs How long after its `exp` a token may still be taken, in
   * milliseconds. The end comes at random within it, so that tokens minted
   * together don't end together.
   */
  constructor(events: TokenClockEvents, graceMs: number) {
    this.#events = events;
    this.#graceMs = graceMs;
  }

  /** Watches another token instead; `undefined` for none, or one without end. */
  watch(expiresAtMs: number | undefined): void {
    this.stop();
    if (expiresAtMs === undefined) return;
    const lifeMs = expiresAtMs - Date.now();
    const leftMs = Math.min(noticeMs, lifeMs / 2);
    const endsAtMs = expiresAtMs + Math.random() * this.#graceMs;
    const end = () => this.#ringAt(endsAtMs, this.#events.onExpired);
    if (leftMs <= 0) {
      end();
      return;
    }
    this.#ringAt(expiresAtMs - leftMs, () => {
      this.#events.onExpiring(Math.round(leftMs / 1_000));
      end();
    });
  }

  /** Lets go of the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #ringAt(atMs: number, ring: () => void): void {
    const delayMs = Math.max(0, atMs - Date.now());
    this.#timer = delayMs > maxDelayMs
      ? setTimeout(() => this.#ringAt(atMs, ring), maxDelayMs)
      : setTimeout(ring, delayMs);
  }
}
