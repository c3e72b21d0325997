import type { Connection } from "./connection.ts";

/**
 * The open sockets of this process.
 *
 * A connection that was closed but whose socket the runtime still holds (a
 * peer that stopped reading never finishes its close) is no longer listed, and
 * goes on counting.
 */
export class ConnectionRegistry {
  readonly #open = new Map<string, Connection>();
  readonly #sockets = new Set<Connection>();
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

  /** The listed connections, oldest first. */
  list(): readonly Connection[] {
    return [...this.#open.values()];
  }

  /**
   * Holds a place for a handshake that was accepted.
   *
   * @returns Gives the place back, once: when the socket has opened, or failed to.
   */
  reserve(): () => void {
    let isHeld = true;
    this.#opening += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#opening -= 1;
    };
  }

  /** Lists a connection until it ends. */
  add(connection: Connection): void {
    this.#sockets.add(connection);
    this.#open.set(connection.id, connection);
    connection.onEnd(() => this.#open.delete(connection.id));
  }

  /** Takes note that the runtime let go of a connection's socket. */
  released(connection: Connection): void {
    this.#sockets.delete(connection);
  }
}
