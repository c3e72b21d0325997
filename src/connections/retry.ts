import type { ErrorFrame } from "../protocol/server_frames.ts";

/**
 * When a client should come back, in milliseconds: at random per socket, so
 * that those who were sent away together don't return together (spec §1).
 */
export function jitteredRetryMs(): number {
  return Math.round(500 + Math.random() * 4_500);
}

/** What a connection is told that the server sends away to stop. */
export function restarting(): ErrorFrame {
  return {
    code: "server_restarting",
    message: "The server shuts down or restarts: connect again",
    retryAfterMs: jitteredRetryMs(),
  };
}
