import type { ErrorFrame } from "../protocol/server_frames.ts";

/**
 * Returns the delay, in milliseconds, before a client should reconnect: random
 * per socket, so that clients disconnected together do not return together
 * (spec §1).
 */
export function jitteredRetryMs(): number {
  return Math.round(500 + Math.random() * 4_500);
}

/** Returns the error for connections closed by a stopping server. */
export function restarting(): ErrorFrame {
  return {
    code: "server_restarting",
    message: "The server is shutting down or restarting: reconnect",
    retryAfterMs: jitteredRetryMs(),
  };
}
