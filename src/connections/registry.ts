import type { Connection } from "./connection.ts";
import { addressBlock } from "./ip_address.ts";
import { KeyedCounter } from "../collections/keyed_counter.ts";

/** The place of an accepted handshake until its socket opens. */
interface Place {
  /** The result of {@linkcode addressBlock}. */
  readonly block: string;
}

/**
 * The interval, in milliseconds, for returning the places of sockets that have
 * not opened; a place is returned after one to two intervals. Ordinary sockets
 * open within a few milliseconds.
 */
const openingIntervalMs = 2_500;

/** The time for which unopened sockets count, in milliseconds. */
const unopenedWindowMs = 60_000;

/** The unsuspicious number of opening sockets, or of unopened per address. */
const maxUnsuspicious = 64;

/**
 * The open sockets of this process.
 *
 * A closed connection is no longer listed, but counts, also for its address,
 * until the runtime releases the socket. A client that has stopped reading
 * never finishes a close, so otherwise an address could make the process hold
 * any number of sockets.
 */
export class ConnectionRegistry {
  readonly #open = new Map<string, Connection>();
  readonly #sockets = new Set<Connection>();
  readonly #ofAddress = new KeyedCounter();
  readonly #ofUser = new KeyedCounter();
  readonly #users = new Map<Connection, string>();
  #onUserLeft: ((userId: string, count: number) => void) | undefined;
  /** The handshakes of this interval and the previous interval. */
  #opening = new Set<Place>();
  #openingLong = new Set<Place>();
  #openingTimer: ReturnType<typeof setInterval> | undefined;
  readonly #unopened = new Set<Place>();
  #unopenedLately = new KeyedCounter();
  #unopenedSinceMs = -Infinity;
  #onUnopened: ((count: number) => void) | undefined;
  #onEmpty: (() => void) | undefined;
  readonly #drain = new AbortController();

  /** The number of sockets held, listed or not, or about to open. */
  get socketCount(): number {
    return this.#sockets.size + this.#opening.size + this.#openingLong.size;
  }

  /** True if the server has begun to stop and takes no new sockets. */
  get isDraining(): boolean {
    return this.#drain.signal.aborted;
  }

  /** Aborted when the server begins to stop. */
  get drainSignal(): AbortSignal {
    return this.#drain.signal;
  }

  /** Resolves when no socket is held or about to open. For a single caller. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#tellIfEmpty();
    });
  }

  /** Stops taking new sockets. */
  beginDrain(): void {
    this.#drain.abort();
  }

  /** The number of listed connections. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Returns the listed connections, oldest first. */
  list(): readonly Connection[] {
    return [...this.#open.values()];
  }

  /** Finds a listed connection by id. */
  find(id: string): Connection | undefined {
    return this.#open.get(id);
  }

  /**
   * Returns the part of {@linkcode socketCount} that belongs to an address.
   * IPv6 addresses of the same /64 count together.
   */
  socketsOf(remoteAddress: string): number {
    return this.#ofAddress.of(addressBlock(remoteAddress));
  }

  /**
   * The number of sockets that did not open in time: their clients reset the
   * TCP connection during the handshake. Deno 2.9 does not report such sockets,
   * and keeps their descriptors until the process ends. Not part of {@linkcode
   * socketCount}.
   */
  get unopenedCount(): number {
    return this.#unopened.size;
  }

  /** Returns the number of unopened sockets of an address in this minute. */
  unopenedLately(remoteAddress: string): number {
    return this.#thisMinute().of(addressBlock(remoteAddress));
  }

  /**
   * Decides if a handshake needs a check for a reset: if many sockets are
   * opening at once, or the address has recently left many unopened.
   */
  isFlooded(remoteAddress: string): boolean {
    return this.#opening.size + this.#openingLong.size > maxUnsuspicious ||
      this.unopenedLately(remoteAddress) > maxUnsuspicious;
  }

  /** Resolves when {@linkcode unopenedCount} reaches a limit. */
  unopenedReached(bound: number): Promise<number> {
    return new Promise((resolve) => {
      this.#onUnopened = (count) => {
        if (count >= bound) resolve(count);
      };
    });
  }

  /**
   * Reserves a place for an accepted handshake, for at most 5 s.
   *
   * @returns A function to return the place, when the socket has opened or
   * failed. Later calls do nothing.
   */
  reserve(remoteAddress: string): () => void {
    const place: Place = { block: addressBlock(remoteAddress) };
    this.#opening.add(place);
    this.#ofAddress.add(place.block);
    this.#openingTimer ??= setInterval(
      () => this.#giveBackUnopened(),
      openingIntervalMs,
    );
    return () => {
      if (this.#unopened.delete(place)) return;
      const isHeld = this.#opening.delete(place) ||
        this.#openingLong.delete(place);
      if (!isHeld) return;
      this.#ofAddress.remove(place.block);
      this.#stopIfNoneOpens();
      this.#tellIfEmpty();
    };
  }

  #giveBackUnopened(): void {
    for (const place of this.#openingLong) {
      this.#ofAddress.remove(place.block);
      this.#unopened.add(place);
      this.#thisMinute().add(place.block);
    }
    this.#openingLong = this.#opening;
    this.#opening = new Set();
    this.#stopIfNoneOpens();
    this.#onUnopened?.(this.#unopened.size);
    this.#tellIfEmpty();
  }

  #thisMinute(): KeyedCounter {
    const nowMs = performance.now();
    if (nowMs - this.#unopenedSinceMs > unopenedWindowMs) {
      this.#unopenedSinceMs = nowMs;
      this.#unopenedLately = new KeyedCounter();
    }
    return this.#unopenedLately;
  }

  #stopIfNoneOpens(): void {
    if (this.#opening.size + this.#openingLong.size > 0) return;
    clearInterval(this.#openingTimer);
    this.#openingTimer = undefined;
  }

  /** Lists a connection until it ends. */
  add(connection: Connection): void {
    this.#sockets.add(connection);
    this.#ofAddress.add(blockOf(connection));
    this.#open.set(connection.id, connection);
    connection.onEnd(() => {
      this.#open.delete(connection.id);
      this.#dropUser(connection);
    });
  }

  /** Notes that the runtime has released a connection's socket. */
  released(connection: Connection): void {
    if (!this.#sockets.delete(connection)) return;
    this.#ofAddress.remove(blockOf(connection));
    this.#tellIfEmpty();
  }

  /**
   * Assigns an authenticated user to a listed connection, replacing the
   * previous user; `undefined` for none.
   *
   * @returns The number of the user's listed connections, including this
   * connection.
   */
  assignUser(connection: Connection, userId: string | undefined): number {
    this.#dropUser(connection, userId);
    if (userId === undefined || !this.#open.has(connection.id)) return 0;
    this.#users.set(connection, userId);
    this.#ofUser.add(userId);
    return this.#ofUser.of(userId);
  }

  /** Returns the last user of a connection; `undefined` after its end. */
  userOf(connection: Connection): string | undefined {
    return this.#users.get(connection);
  }

  /** Sets the listener to ended connections of users, with the number left. */
  onUserLeft(listener: (userId: string, count: number) => void): void {
    this.#onUserLeft = listener;
  }

  #tellIfEmpty(): void {
    if (this.socketCount === 0) this.#onEmpty?.();
  }

  #dropUser(connection: Connection, next?: string): void {
    const userId = this.#users.get(connection);
    if (userId === undefined) return;
    this.#users.delete(connection);
    this.#ofUser.remove(userId);
    if (userId !== next) this.#onUserLeft?.(userId, this.#ofUser.of(userId));
  }
}

function blockOf({ handshake }: Connection): string {
  return addressBlock(handshake.remoteAddress);
}
