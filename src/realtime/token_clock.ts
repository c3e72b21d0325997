/** The longest delay of a timer; a longer delay would end at once. */
const maxDelayMs = 2_147_483_647;

/** The time between notice and expiry, in milliseconds (spec §1). */
const noticeMs = 30_000;

/** The callbacks of a {@linkcode TokenClock}. */
export interface TokenClockEvents {
  /** The token will expire, in the given number of seconds. */
  readonly onExpiring: (expiresInSeconds: number) => void;
  /** The token has expired. */
  readonly onExpired: () => void;
}

/** Watches the expiry of a connection's token. */
export class TokenClock {
  readonly #events: TokenClockEvents;
  readonly #graceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param graceMs The time, in milliseconds, for which a token is accepted
   * after its `exp`. Tokens expire at a random moment within the grace period,
   * to spread tokens minted together.
   */
  constructor(events: TokenClockEvents, graceMs: number) {
    this.#events = events;
    this.#graceMs = graceMs;
  }

  /** Watches a token; `undefined` for no token, or a token without expiry. */
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

  /** Clears the timer. */
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
