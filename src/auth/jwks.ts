import { log } from "../log/log.ts";
import { importJwk } from "./jwk.ts";
import { fetchKeySet } from "./key_set_source.ts";
import {
  KeyError,
  selectKeys,
  type VerificationKey,
} from "./verification_key.ts";

/** The minimum time between two reads for unknown keys, in ms. */
const rereadIntervalMs = 60_000;

/** The minimum time between two reads before the first success, in ms: short, since the issuer may be starting too. */
const firstReadIntervalMs = 5_000;

/** The interval between regular reads, in ms. */
const maxAgeMs = 600_000;

/** The maximum number of keys in a set. */
const maxKeys = 100;

/** The result of a search for a token's key. */
export type KeySearch =
  | {
    readonly kind: "found";
    readonly keys: readonly VerificationKey[];
    /** See {@linkcode KeySet.generation}. */
    readonly generation: number;
  }
  /** A key of this name exists, for a different algorithm. */
  | { readonly kind: "wrong_algorithm" }
  | { readonly kind: "unknown_key" }
  /** Every read of the set has failed so far. */
  | { readonly kind: "unavailable" };

/** Options of a {@linkcode KeySet}. */
export interface KeySetOptions {
  /** Called after each failed read. */
  readonly onFailure?: () => void;
}

/**
 * The keys at a URL (RFC 7517 §5), read when first needed, and again every ten
 * minutes until the set is disposed of.
 *
 * An unknown `kid` also triggers a read, shared by all waiting tokens, at most
 * once a minute. Only tokens with an unknown key wait for the issuer. After a
 * failed read, the known keys stay in use.
 */
export class KeySet implements Disposable {
  readonly #url: URL;
  readonly #onFailure: () => void;
  #keys: readonly VerificationKey[] | undefined;
  #text: string | undefined;
  #mayReadAt = 0;
  #reading: Promise<void> | undefined;
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  constructor(url: URL, { onFailure = () => {} }: KeySetOptions = {}) {
    this.#url = url;
    this.#onFailure = onFailure;
  }

  /** A number that changes with the keys. A token verified under a different number must be verified again. */
  get generation(): number {
    return this.#generation;
  }

  /** Stops reading the set. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  /**
   * Finds the possible keys of a token. Never rejects.
   *
   * @param kid The name of the key, if present in the token.
   */
  async find(algorithm: string, kid: string | undefined): Promise<KeySearch> {
    const search = this.#search(algorithm, kid);
    if (search.kind !== "unavailable" && search.kind !== "unknown_key") {
      return search;
    }
    await this.#read();
    return this.#search(algorithm, kid);
  }

  #search(algorithm: string, kid: string | undefined): KeySearch {
    if (this.#keys === undefined) return { kind: "unavailable" };
    const keys = selectKeys(this.#keys, algorithm, kid);
    if (keys.length > 0) {
      return { kind: "found", keys, generation: this.#generation };
    }
    const isKnown = kid !== undefined &&
      this.#keys.some((key) => key.kid === kid);
    return { kind: isKnown ? "wrong_algorithm" : "unknown_key" };
  }

  /** Reads the set, unless the last read was too recent; joins a running read. */
  async #read(): Promise<void> {
    if (this.#reading === undefined && performance.now() >= this.#mayReadAt) {
      this.#reading = this.#readNow().finally(() => this.#reading = undefined);
    }
    await this.#reading;
  }

  async #readNow(): Promise<void> {
    const isFirst = this.#keys === undefined;
    try {
      await this.#replace(await fetchKeySet(this.#url));
      this.#mayReadAt = performance.now() + (isFirst ? 0 : rereadIntervalMs);
      this.#readAgainIn(maxAgeMs);
    } catch (error) {
      const intervalMs = isFirst ? firstReadIntervalMs : rereadIntervalMs;
      this.#mayReadAt = performance.now() + intervalMs;
      if (!isFirst) this.#readAgainIn(intervalMs);
      this.#onFailure();
      log.warn(
        isFirst
          ? "Cannot read the key set at {url}, and tokens signed with its keys cannot be verified: {reason}"
          : "Cannot refresh the key set at {url}; the known keys stay in use: {reason}",
        { url: this.#shownUrl(), reason: reasonOf(error) },
      );
    }
  }

  /** Schedules the next regular read. Without regular reads, a removed key would stay valid until an unknown `kid` appears. */
  #readAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    const timer = setTimeout(() => {
      // Timers may fire slightly early.
      const leftMs = this.#mayReadAt - performance.now();
      if (leftMs > 0) this.#readAgainIn(leftMs);
      else this.#read();
    }, delayMs);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  async #replace(text: string): Promise<void> {
    if (text === this.#text) return;
    const keys = await importAll(text);
    if (keys.length === 0) {
      log.warn("The key set at {url} has no usable key", {
        url: this.#shownUrl(),
      });
    }
    this.#text = text;
    this.#keys = keys;
    this.#generation += 1;
  }

  #shownUrl(): string {
    return this.#url.origin + this.#url.pathname;
  }
}

/** Imports the usable keys of a set and ignores the rest (RFC 7517 §5). */
async function importAll(text: string): Promise<readonly VerificationKey[]> {
  const set: unknown = JSON.parse(text);
  const jwks = typeof set === "object" && set !== null && "keys" in set
    ? set.keys
    : undefined;
  if (!Array.isArray(jwks)) {
    throw new Error("the response is not a JWK Set: 'keys' is missing");
  }
  if (jwks.length > maxKeys) {
    throw new Error(`the set has more than ${maxKeys} keys`);
  }
  const imported = await Promise.all(jwks.map(async (jwk: unknown, index) => {
    try {
      return await importJwk(jwk);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      log.debug("Ignored key {index} of the key set: {reason}", {
        index,
        reason: error.message,
      });
      return [];
    }
  }));
  return imported.flat();
}

/** The reason for a failed read, without the query of a URL in the runtime's message. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "unknown";
  return message.replace(/\?[^\s)]*/g, "");
}
