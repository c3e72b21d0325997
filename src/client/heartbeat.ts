/** Time until the first bytes on a new connection. A silent connection is closed. */
const openTimeoutMs = 15_000;
/** Silence on a socket before the client sends a ping. */
const silenceMs = 20_000;
/** Time for the answer to a ping. */
const pongTimeoutMs = 10_000;
/** Time for the answer after a page became visible again: shorter, because a user is waiting. */
const probeTimeoutMs = 5_000;
/** Longest silence on an event stream, which has no pings. The server writes more often. */
const streamSilenceMs = 60_000;

/** Detects a dead connection. */
export interface Heartbeat {
  /** Records received bytes or frames. */
  readonly received: () => void;
  /** Sends a ping now. */
  readonly probe: () => void;
  /** Stops for good, even if a stream still delivers buffered events. */
  readonly stop: () => void;
}

/**
 * Starts a heartbeat while the connection is being opened. A browser may take
 * minutes to notice a dead connection.
 *
 * @param ping Sends a ping. Undefined for an event stream.
 */
export function startHeartbeat(
  ping: (() => void) | undefined,
  onDead: () => void,
): Heartbeat {
  let isStopped = false;
  let timer = setTimeout(onDead, openTimeoutMs);
  function after(ms: number, callback: () => void): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(callback, ms);
  }
  function probe(timeoutMs: number): void {
    after(timeoutMs, onDead);
    ping?.();
  }
  return {
    received() {
      if (ping) after(silenceMs, () => probe(pongTimeoutMs));
      else after(streamSilenceMs, onDead);
    },
    probe: () => probe(probeTimeoutMs),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
