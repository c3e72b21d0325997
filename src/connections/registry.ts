import type { Connection } from "./connection.ts";
import { addressBlock } from "./ip_address.ts";
import { KeyedCounter } from "../collections/keyed_counter.ts";

/** A handshake that was accepted, until its socket opens. */
interface Place {
  /** As {@linkcode addressBlock} returns it. */
  readonly block: string;
}

/**
 * The interval, in milliseconds, at which places are given back whose sockets
 * have not opened: after one to two intervals. An ordinary socket opens within
 * a few milliseconds.
 */
const openingIntervalMs = 2_500;

/** The time for which unopened sockets count against their addresses, in milliseconds. */
const unopenedWindowMs = 60_000;

/** How many sockets may be opening, or be left unopened by an address, without suspicion. */
const maxUnsuspicious = 64;

/**
 * The open sockets of this process.
 *
 * A connection that was closed but whose socket the runtime still holds (a
 * peer that stopped reading never finishes its close) is no longer listed, and
 * goes on counting, for its address too: else an address could make the
 * process hold any number.
 */
export class ConnectionRegistry {
  readonly #open = new Map<string, Connection>();
  readonly #sockets = new Set<Connection>();
  readonly #ofAddress = new KeyedCounter();
  readonly #ofUser = new KeyedCounter();
  readonly #users = new Map<Connection, string>();
  #onUserLeft: ((userId: string, count: number) => void) | undefined;
  /** The handshakes of this interval, and those of the interval before. */
  #opening = new Set<Place>();
  #openingLong = new Set<Place>();
  #openingTimer: ReturnType<typeof setInterval> | undefined;
  readonly #unopened = new Set<Place>();
  #unopenedLately = new KeyedCounter();
  #unopenedSinceMs = -Infinity;
  #onUnopened: ((count: number) => void) | undefined;
  #onEmpty: (() => void) | undefined;
  readonly #drain = new AbortController();

  /** Sockets held, listed or not, and those that are about to open. */
  get socketCount(): number {
    return this.#sockets.size + this.#opening.size + this.#openingLong.size;
  }

  /** Whether the server has begun to stop and takes no new sockets. */
  get isDraining(): boolean {
    return this.#drain.signal.aborted;
  }

  /** Aborted when the server begins to stop. */
  get drainSignal(): AbortSignal {
    return this.#drain.signal;
  }

  /** Resolves when no socket is held or about to open; for one listener. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#tellIfEmpty();
    });
  }

  /** Takes no new sockets from now on. */
  beginDrain(): void {
    this.#drain.abort();
  }

  /** How many connections are listed. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The listed connections, oldest first. */
  list(): readonly Connection[] {
    return [...this.#open.values()];
  }

  /** The listed connection with an id. */
  find(id: string): Connection | undefined {
    return this.#open.get(id);
  }

  /**
   * Of {@linkcode socketCount} those of an address; IPv6 addresses of one /64
   * count as one.
   */
  socketsOf(remoteAddress: string): number {
    return this.#ofAddress.of(addressBlock(remoteAddress));
  }

  /**
   * Sockets that did not open in time: their clients reset the TCP connection
   * during the handshake. Deno 2.9 reports nothing of such a socket and keeps
   * its descriptor until the process ends. They are not in
   * {@linkcode socketCount}.
   */
  get unopenedCount(): number {
    return this.#unopened.size;
  }

  /** Counts the unopened sockets that an address has left in this minute. */
  unopenedLately(remoteAddress: string): number {
    return this.#thisMinute().of(addressBlock(remoteAddress));
  }

  /**
   * Decides whether a handshake is worth a check for a reset: if many sockets
   * are opening at once, or the address has lately left many unopened.
   */
  isFlooded(remoteAddress: string): boolean {
    return this.#opening.size + this.#openingLong.size > maxUnsuspicious ||
      this.unopenedLately(remoteAddress) > maxUnsuspicious;
  }

  /** Resolves to {@linkcode unopenedCount} once it has reached a bound. */
  unopenedReached(bound: number): Promise<number> {
    return new Promise((resolve) => {
      this.#onUnopened = (count) => {
        if (count >= bound) resolve(count);
      };
    });
  }

  /**
   * Holds a place for a handshake that was accepted, for 5 s at most.
   *
   * @returns Gives the place back, once: when the socket has opened, or failed to.
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

  /** Takes note that the runtime let go of a connection's socket. */
  released(connection: Connection): void {
    if (!this.#sockets.delete(connection)) return;
    this.#ofAddress.remove(blockOf(connection));
    this.#tellIfEmpty();
  }

  /**
   * Takes note of the authenticated user of a listed connection, in place of
   * the one before; `undefined` for none.
   *
   * @returns How many listed connections the user has, this one included.
   */
  assignUser(connection: Connection, userId: string | undefined): number {
    this.#dropUser(connection, userId);
    if (userId === undefined || !this.#open.has(connection.id)) return 0;
    this.#users.set(connection, userId);
    this.#ofUser.add(userId);
    return this.#ofUser.of(userId);
  }

  /** Whose connection it is, as last assigned; `undefined` once it has ended. */
  userOf(connection: Connection): string | undefined {
    return this.#users.get(connection);
  }

  /** Calls back whenever a user has a connection less, with how many are left; for one listener. */
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
