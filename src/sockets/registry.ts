import type { Connection } from "./connection.ts";
import { addressBlock } from "./ip_address.ts";
import { Tally } from "./tally.ts";

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
  readonly #ofAddress = new Tally();
  readonly #ofUser = new Tally();
  readonly #users = new Map<Connection, string>();
  #onUserLeft: ((userId: string, count: number) => void) | undefined;
  #opening = 0;
  readonly #drain = new AbortController();

  /** Sockets held, listed or not, and those that are about to open. */
  get socketCount(): number {
    return this.#sockets.size + this.#opening;
  }

  /** Whether the server has begun to stop and takes no new sockets. */
  get isDraining(): boolean {
    return this.#drain.signal.aborted;
  }

  /** Aborted when the server begins to stop. */
  get drainSignal(): AbortSignal {
    return this.#drain.signal;
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
   * Holds a place for a handshake that was accepted.
   *
   * @returns Gives the place back, once: when the socket has opened, or failed to.
   */
  reserve(remoteAddress: string): () => void {
    const block = addressBlock(remoteAddress);
    let isHeld = true;
    this.#opening += 1;
    this.#ofAddress.add(block);
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#opening -= 1;
      this.#ofAddress.remove(block);
    };
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
