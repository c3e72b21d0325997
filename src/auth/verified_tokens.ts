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
 * signatures as well. Those not seen for longest make room for new ones: they
 * are kept in two halves, of which the older is dropped when the newer is full.
 * (One map in order of use would be searched for its oldest entry through all
 * the holes that deleting leaves.)
 */
export class VerifiedTokens {
  #recent = new Map<string, VerifiedToken>();
  #older = new Map<string, VerifiedToken>();
  readonly #maxRecent: number;

  /** @param maxEntries The most tokens that are kept. @default {10_000} */
  constructor(maxEntries = 10_000) {
    this.#maxRecent = maxEntries / 2;
  }

  /** How many there are. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** @param digest The token's digest: the token itself is not kept. */
  get(digest: string): VerifiedToken | undefined {
    const recent = this.#recent.get(digest);
    if (recent !== undefined) return recent;
    const older = this.#older.get(digest);
    if (older !== undefined) this.set(digest, older);
    return older;
  }

  set(digest: string, token: VerifiedToken): void {
    this.#older.delete(digest);
    this.#recent.set(digest, token);
    if (this.#recent.size < this.#maxRecent) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  delete(digest: string): void {
    this.#recent.delete(digest);
    this.#older.delete(digest);
  }
}
