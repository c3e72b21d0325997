/** Where a watcher's frames go; a `Connection` is one. */
export interface Outlet {
  readonly isClosed: boolean;
  /** Whether the reader has enough for now. */
  readonly isBacklogged: boolean;
  /** Sends a frame; `backlogged` asks the caller to wait until it is writable. */
  send(frame: string): "sent" | "backlogged" | "closed";
  /** Waits until the outlet is not backlogged, or closed. */
  writable(): Promise<void>;
  /** Ends the connection after a fault of ours. */
  fail(error: unknown): void;
}
