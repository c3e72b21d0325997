import type { Payload } from "djwt";
import type { Grant } from "./identity.ts";

/** A token whose signature and claims were found good. */
export interface VerifiedToken {
  readonly grant: Grant;
  /** The claims that pass with time, to be checked each time. */
  readonly times: Pick<Payload, "exp" | "nbf">;
  /** The key set's generation, where its key verified the token. */
  readonly generation?: number;
}

/**
 * Tokens verified before, so that a storm of reconnects is not one of
 * signatures as well. Those not seen for longest make room for new ones.
 */
export class VerifiedTokens {
  readonly #tokens = new Map<string, VerifiedToken>();
  readonly #maxEntries: number;

  /** @param maxEntries The most tokens that are kept. @default {10_000} */
  constructor(maxEntries = 10_000) {
    this.#maxEntries = maxEntries;
  }

  /** How many there are. */
  get size(): number {
    return this.#tokens.size;
  }

  /** @param digest The token's digest: the token itself is not kept. */
  get(digest: string): VerifiedToken | undefined {
    const token = this.#tokens.get(digest);
    if (token !== undefined) {
      this.#tokens.delete(digest);
      this.#tokens.set(digest, token); // now the newest
    }
    return token;
  }

  set(digest: string, token: VerifiedToken): void {
    this.#tokens.delete(digest);
    this.#tokens.set(digest, token);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > this.#maxEntries && oldest !== undefined) {
      this.#tokens.delete(oldest);
    }
  }

  delete(digest: string): void {
    this.#tokens.delete(digest);
  }
}
