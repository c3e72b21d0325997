/**
 * The close codes of the WebSocket routes, one table (spec §1, 'Close codes').
 * 1000 to 1013 are RFC 6455 §7.4.1 and the IANA registry; 4000 and above are ours.
 */
export const closeCodes = {
  /** Normal end; the client reconnects as it likes. */
  normal: 1000,
  /** The peer is gone or was silent for the idle timeout. */
  goingAway: 1001,
  /** A message over `TASKWIRE_MAX_MESSAGE_BYTES`; don't reconnect. */
  messageTooBig: 1009,
  /** An endpoint failed: a fault of ours, logged. */
  internalError: 1011,
  /** The server shuts down or restarts; reconnect after a random delay. */
  serviceRestart: 1012,
  /** Authentication is required and cannot be checked now; reconnect with backoff. */
  tryAgainLater: 1013,
  /** Too many frames that could not be understood; don't reconnect. */
  badFrames: 4400,
  /** Authentication is required; reconnect with a new token. */
  unauthorized: 4401,
  /** This user may not watch this task, or the origin is not allowed; don't reconnect. */
  forbidden: 4403,
  /** The outbound buffer stayed over its limit; reconnect, resuming. */
  tooSlow: 4408,
  /** Disconnected by an operator; don't reconnect. */
  disconnected: 4409,
  /** Over a rate or connection limit; reconnect with backoff. */
  rateLimited: 4429,
} as const;

/** One of the numbers in {@linkcode closeCodes}. */
export type CloseCode = typeof closeCodes[keyof typeof closeCodes];

/** The reaction of a client to a close: `renew` reconnects with another token, `stop` does not reconnect. */
export type ReconnectPolicy = "renew" | "stop";

/**
 * The closes after which a client does not simply connect again (spec §1,
 * 'Close codes'). Keyed by number, since a client may meet any.
 */
export const reconnectPolicies: Readonly<
  Record<number, ReconnectPolicy | undefined>
> = {
  1009: "stop",
  4400: "stop",
  4401: "renew",
  4403: "stop",
  4409: "stop",
};
