import { addressBlock } from "../connections/ip_address.ts";
import { KeyedCounter } from "../collections/keyed_counter.ts";

/** The time for which bad tokens count against an address, from the first. */
const windowMs = 60_000;

/**
 * The number of bad tokens per address without a delay: a page with an old
 * token sends several.
 */
const freeCount = 10;

const firstDelayMs = 100;
const longestDelayMs = 2_000;

/** The maximum number of delayed answers per address at the same time. */
const maxDelayed = 100;

/** The most remembered addresses; the oldest is forgotten first. */
const maxAddresses = 10_000;

interface Suspicion {
  readonly since: number;
  count: number;
  isReported: boolean;
}

/**
 * Counts the bad tokens and API keys of addresses, to slow down guessing. The
 * first 10 per minute are free; further bad tokens double a delay from 100 ms
 * to 2 s. Good tokens are never delayed, even from the same address: a whole
 * company may share an address with a page with an old token.
 */
export class BadTokens {
  /** By address, oldest first. */
  readonly #suspicions = new Map<string, Suspicion>();
  readonly #delayed = new KeyedCounter();

  /** The number of remembered addresses. */
  get size(): number {
    return this.#suspicions.size;
  }

  /** Counts a bad token. */
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

  /** Returns the delay, in milliseconds, of the answer to a bad token. */
  delayMs(remoteAddress: string): number {
    this.#forgetOld(performance.now());
    const suspicion = this.#suspicions.get(addressBlock(remoteAddress));
    const excess = (suspicion?.count ?? 0) - freeCount;
    if (excess <= 0) return 0;
    return Math.min(longestDelayMs, firstDelayMs * 2 ** (excess - 1));
  }

  /**
   * Counts a delayed answer.
   *
   * @returns A function to end the delay; `undefined` if the address has too
   * many delayed answers, leaving no room for further requests.
   */
  beginDelay(remoteAddress: string): (() => void) | undefined {
    const block = addressBlock(remoteAddress);
    if (this.#delayed.of(block) >= maxDelayed) return undefined;
    this.#delayed.add(block);
    return () => this.#delayed.remove(block);
  }

  /** True once per remembered address: the address has not been logged yet. */
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
