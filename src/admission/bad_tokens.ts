import { addressBlock } from "../connections/ip_address.ts";
import { KeyedCounter } from "../collections/keyed_counter.ts";

/** How long a bad token is held against its address, in milliseconds, counted from the first. */
const windowMs = 60_000;

/** How many bad tokens an address may show in that time before it is delayed: a page with an old token does so. */
const freeCount = 10;

const firstDelayMs = 100;
const longestDelayMs = 2_000;

/** The most answers of an address that are delayed at the same time. */
const maxDelayed = 100;

/** The most addresses that are remembered; the oldest is forgotten first. */
const maxAddresses = 10_000;

interface Suspicion {
  readonly since: number;
  count: number;
  isReported: boolean;
}

/**
 * The bad tokens and API keys of each address, so that guessing is slow: the first 10 in a
 * minute cost nothing, each further one doubles a delay from 100 ms to 2 s.
 * Whoever comes with a good token does not wait, from the same address either:
 * behind it may be a whole company, and one page there with an old token.
 */
export class BadTokens {
  /** By address, the oldest first. */
  readonly #suspicions = new Map<string, Suspicion>();
  readonly #delayed = new KeyedCounter();

  /** How many addresses are remembered. */
  get size(): number {
    return this.#suspicions.size;
  }

  /** Takes note of a bad token. */
  note(remoteAddress: string): void {
    const now = performance.now();
    this.#forgetOld(now);
    const block = addressBlock(remoteAddress);
    const suspicion = this.#suspicions.get(block);
    if (suspicion) suspicion.count += 1;
    else {this.#suspicions.set(block, {
        since: now,
        count: 1,
        isReported: false,
      });}
    this.#forgetOld(now);
  }

  /** How long an address waits to hear that its token is bad, in milliseconds. */
  delayMs(remoteAddress: string): number {
    this.#forgetOld(performance.now());
    const suspicion = this.#suspicions.get(addressBlock(remoteAddress));
    const excess = (suspicion?.count ?? 0) - freeCount;
    if (excess <= 0) return 0;
    return Math.min(longestDelayMs, firstDelayMs * 2 ** (excess - 1));
  }

  /**
   * Takes note of an answer that is delayed.
   *
   * @returns Ends the delay; `undefined` if the address has too many already,
   * which would take the places of its other requests.
   */
  beginDelay(remoteAddress: string): (() => void) | undefined {
    const block = addressBlock(remoteAddress);
    if (this.#delayed.of(block) >= maxDelayed) return undefined;
    this.#delayed.add(block);
    return () => this.#delayed.remove(block);
  }

  /** Decides whether an address is due to be logged: once for as long as it is remembered. */
  isUnreported(remoteAddress: string): boolean {
    const suspicion = this.#suspicions.get(addressBlock(remoteAddress));
    if (suspicion === undefined || suspicion.isReported) return false;
    suspicion.isReported = true;
    return true;
  }

  #forgetOld(now: number): void {
    for (const [block, { since }] of this.#suspicions) {
      const isRemembered = now - since < windowMs &&
        this.#suspicions.size <= maxAddresses;
      if (isRemembered) return;
      this.#suspicions.delete(block);
    }
  }
}
