/**
 * The close codes of the WebSocket routes (spec §1, 'Close codes'). 1000 to
 * 1013 are defined by RFC 6455 §7.4.1 and the IANA registry; 4000 and above by
 * taskwire.
 */
export const closeCodes = {
  /** Normal end; clients may reconnect. */
  normal: 1000,
  /** The client disconnected, or was silent for the idle timeout. */
  goingAway: 1001,
  /** A message over `TASKWIRE_MAX_MESSAGE_BYTES`; don't reconnect. */
  messageTooBig: 1009,
  /** A server error, with details in the log; reconnect with backoff. */
  internalError: 1011,
  /** The server is stopping or restarting; reconnect after a random delay. */
  serviceRestart: 1012,
  /** Authentication is required and cannot be checked now; reconnect with backoff. */
  tryAgainLater: 1013,
  /** Too many malformed frames; don't reconnect. */
  badFrames: 4400,
  /** Authentication is required; reconnect with a new token. */
  unauthorized: 4401,
  /** The user may not watch, or the origin is not allowed; don't reconnect. */
  forbidden: 4403,
  /** The outbound buffer stayed over its limit; reconnect and resume. */
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
 * The close codes after which a client does not simply reconnect (spec §1,
 * 'Close codes'). Keyed by number, because clients may see unknown codes.
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
