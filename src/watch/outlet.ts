/** The destination of a watcher's frames, for example a `Connection`. */
export interface Outlet {
  readonly isClosed: boolean;
  /** True while the reader has more unread frames than desired. */
  readonly isBacklogged: boolean;
  /** Sends a frame. After `backlogged` the caller should await `writable`. */
  send(frame: string): "sent" | "backlogged" | "closed";
  /** Resolves once the outlet is no longer backlogged, or closed. */
  writable(): Promise<void>;
  /** Closes the connection because of a bug. */
  fail(error: unknown): void;
}
