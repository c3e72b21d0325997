/** The longest delay of a timer; a longer delay would end at once. */
const maxDelayMs = 2_147_483_647;

/** The time between notice and expiry, in milliseconds (spec §1). */
const noticeMs = 30_000;

/** The callbacks of a {@linkcode TokenClock}. */
export interface TokenClockEvents {
  /** The token will expire, in the given number of seconds. */
  onExpiring(expiresInSeconds: number): void;
  /** The token has expired. */
  onExpired(): void;
}

/** A moment at which clocks ring, with a single timer. */
interface Alarm {
  readonly atMs: number;
  readonly clocks: Set<TokenClock>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The pending alarms by time. `exp` counts whole seconds, so the notices of many
 * tokens are due at the same millisecond: a timer per token would cost each
 * connection memory and time.
 */
const alarms = new Map<number, Alarm>();

/** Watches the expiry of a connection's token. */
export class TokenClock {
  readonly #events: TokenClockEvents;
  readonly #graceMs: number;
  #alarm: Alarm | undefined;
  /** The time between the due notice and the expiry; 0 if no notice is due. */
  #leftMs = 0;
  #endsAtMs = 0;

  /**
   * @param graceMs The time, in milliseconds, for which a token is accepted
   * after its `exp`. Tokens expire at a random moment within the grace period,
   * to spread tokens minted together.
   */
  constructor(events: TokenClockEvents, graceMs: number) {
    this.#events = events;
    this.#graceMs = graceMs;
  }

  /**
   * Watches a new token; `undefined` for no token, or a token without expiry.
   */
  watch(expiresAtMs: number | undefined): void {
    this.stop();
    if (expiresAtMs === undefined) return;
    const lifeMs = expiresAtMs - Date.now();
    this.#leftMs = Math.max(0, Math.min(noticeMs, lifeMs / 2));
    this.#endsAtMs = expiresAtMs + Math.random() * this.#graceMs;
    this.#ringAt(
      this.#leftMs > 0 ? expiresAtMs - this.#leftMs : this.#endsAtMs,
    );
  }

  /** Stops watching. */
  stop(): void {
    const alarm = this.#alarm;
    this.#alarm = undefined;
    if (!alarm?.clocks.delete(this) || alarm.clocks.size > 0) return;
    clearTimeout(alarm.timer);
    if (alarms.get(alarm.atMs) === alarm) alarms.delete(alarm.atMs);
  }

  #ringAt(atMs: number): void {
    let alarm = alarms.get(atMs);
    if (alarm === undefined) {
      alarm = { atMs, clocks: new Set(), timer: undefined };
      alarms.set(atMs, alarm);
      setTimer(alarm);
    }
    alarm.clocks.add(this);
    this.#alarm = alarm;
  }

  /** Called when the alarm rings. */
  ring(): void {
    const leftMs = this.#leftMs;
    if (leftMs > 0) {
      this.#leftMs = 0;
      this.#ringAt(this.#endsAtMs);
      this.#events.onExpiring(Math.round(leftMs / 1_000));
    } else {
      this.#alarm = undefined;
      this.#events.onExpired();
    }
  }
}

function setTimer(alarm: Alarm): void {
  const delayMs = Math.max(0, alarm.atMs - Date.now());
  alarm.timer = delayMs > maxDelayMs
    ? setTimeout(() => setTimer(alarm), maxDelayMs)
    : setTimeout(() => ringAll(alarm), delayMs);
}

function ringAll({ atMs, clocks }: Alarm): void {
  alarms.delete(atMs);
  for (const clock of clocks) {
    clocks.delete(clock);
    clock.ring();
  }
}
