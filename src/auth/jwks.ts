import { log } from "../log/log.ts";
import { importJwk } from "./jwk.ts";
import { fetchKeySet } from "./key_set_source.ts";
import {
  KeyError,
  selectKeys,
  type VerificationKey,
} from "./verification_key.ts";

/** The least time between two re-reads, whatever is thrown at it, in ms. */
const rereadIntervalMs = 60_000;

/** The same before the first read that succeeded: an issuer that starts with us is soon found, in ms. */
const firstReadIntervalMs = 5_000;

/** The interval at which known keys are read again, in ms. */
const maxAgeMs = 600_000;

/** The most keys that a set may hold. */
const maxKeys = 100;

/** What a key set knows about the signer of a token. */
export type KeySearch =
  | {
    readonly kind: "found";
    readonly keys: readonly VerificationKey[];
    /** See {@linkcode KeySet.generation}. */
    readonly generation: number;
  }
  /** The key has that name, and is for another algorithm. */
  | { readonly kind: "wrong_algorithm" }
  | { readonly kind: "unknown_key" }
  /** The set could never be read. */
  | { readonly kind: "unavailable" };

/** What a {@linkcode KeySet} is made with. */
export interface KeySetOptions {
  /** Told of each read that failed. */
  readonly onFailure?: () => void;
}

/**
 * The keys at a URL (RFC 7517 §5), read when first needed, and again every ten
 * minutes until the set is disposed of.
 *
 * A `kid` that the set lacks has it read as well, by one request for all who
 * wait; after the first such read at most once a minute. Only a token whose key
 * is not known waits for the issuer: while the set can't be read, the keys known
 * so far serve.
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

  /** A number that changes with the keys. A token that was verified under another number must be verified again. */
  get generation(): number {
    return this.#generation;
  }

  /** Stops reading the set. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  /**
   * Looks for the keys that may have signed a token. Never rejects.
   *
   * @param kid The name of the key, if the token gives one.
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

  /** Reads the set, unless it was read too lately; joins a read under way. */
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
          ? "The key set at {url} could not be read, so no token can be checked with it: {reason}"
          : "The key set at {url} could not be read again; the keys known so far serve: {reason}",
        { url: this.#shownUrl(), reason: reasonOf(error) },
      );
    }
  }

  /** Reads the set again after a delay. Otherwise a removed key would serve until a token named an unknown key. */
  #readAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    const timer = setTimeout(() => {
      // A timer may fire a moment early.
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
      log.warn("The key set at {url} has no key that can be used", {
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

/** The keys of a set that can be used; others are not ours to judge (RFC 7517 §5). */
async function importAll(text: string): Promise<readonly VerificationKey[]> {
  const set: unknown = JSON.parse(text);
  const jwks = typeof set === "object" && set !== null && "keys" in set
    ? set.keys
    : undefined;
  if (!Array.isArray(jwks)) {
    throw new Error("it is no JWK Set: 'keys' is missing");
  }
  if (jwks.length > maxKeys) {
    throw new Error(`it has more than ${maxKeys} keys`);
  }
  const imported = await Promise.all(jwks.map(async (jwk: unknown, index) => {
    try {
      return await importJwk(jwk);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      log.debug("Key {index} of the key set is ignored: {reason}", {
        index,
        reason: error.message,
      });
      return [];
    }
  }));
  return imported.flat();
}

/** Why a read failed, without the query of a URL that the runtime may name. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "unknown";
  return message.replace(/\?[^\s)]*/g, "");
}
