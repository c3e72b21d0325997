import type { TokenRejectionCode } from "../auth/identity.ts";
import {
  createDurations,
  type Durations,
  type StoreOperation,
} from "./durations.ts";
import { closeCodes } from "../protocol/close_codes.ts";

/** Counts since the process started, for metrics. Plain numbers are cheap to increment. */
export interface Counters {
  /** Events not sent to slow watchers because a newer event replaced them. */
  mergedEvents: number;
  /** Connections closed for slow reading (4408). */
  evictedConnections: number;
  /** Failures to accept connections, each followed by a new listener. */
  acceptFailures: number;
  /** Failed reads of the key set (TASKWIRE_JWKS_URL). */
  keySetFailures: number;
  /** Events delivered, counted once per watcher. */
  deliveries: number;
  /** Handshakes of sockets and event streams, by route, then by `accepted` or the problem's code. */
  readonly handshakes: Record<string, Record<string, number>>;
  /** Tokens of sockets, by verdict. */
  readonly tokens: Record<"authenticated" | TokenRejectionCode, number>;
  /** Credentials of API requests, by verdict. */
  readonly credentials: Record<CredentialResult, number>;
  /** Published events and cancel requests, by result. */
  readonly publishes: Record<PublishResult, number>;
  /** Subscriptions to tasks, by the method of catching up. */
  readonly resumes: Record<"recovered" | "snapshot" | "fresh", number>;
  /** Closed connections, by close code; see {@linkcode countClose}. */
  readonly closes: Record<string, number>;
  /** Failed store operations. */
  readonly storeErrors: Record<StoreOperation, number>;
  readonly durations: Durations;
}

/** The verdict on the credential of an API request. */
export type CredentialResult =
  | "api_key"
  | "token"
  | "missing"
  | "wrong"
  | "insufficient_scope"
  | "unavailable";

/** The result of a change: an outcome of the store, or the reason for its absence. */
export type PublishResult =
  | "stored"
  | "duplicate"
  | "noted"
  | "refused"
  | "unavailable"
  | "failed";

/** Creates counters with every label at zero, so that the first increment shows as a rise. */
export function createCounters(): Counters {
  return {
    mergedEvents: 0,
    evictedConnections: 0,
    acceptFailures: 0,
    keySetFailures: 0,
    deliveries: 0,
    handshakes: {},
    tokens: {
      authenticated: 0,
      token_malformed: 0,
      token_expired: 0,
      token_not_yet_valid: 0,
      token_bad_signature: 0,
      token_wrong_algorithm: 0,
      token_wrong_issuer: 0,
      token_wrong_audience: 0,
      token_without_user: 0,
      token_unknown_key: 0,
      verifier_unavailable: 0,
    },
    credentials: {
      api_key: 0,
      token: 0,
      missing: 0,
      wrong: 0,
      insufficient_scope: 0,
      unavailable: 0,
    },
    publishes: {
      stored: 0,
      duplicate: 0,
      noted: 0,
      refused: 0,
      unavailable: 0,
      failed: 0,
    },
    resumes: { recovered: 0, snapshot: 0, fresh: 0 },
    closes: Object.fromEntries(
      [...Object.values(closeCodes), ...foreignCodes, "other"]
        .map((code) => [code, 0]),
    ),
    storeErrors: { publish: 0, read: 0, list: 0, forget: 0, backup: 0 },
    durations: createDurations(),
  };
}

/** Closed without a code; lost without a close frame (RFC 6455 §7.4.1). */
const foreignCodes = [1005, 1006];

/** The runtime's code for a socket lost without a close frame. */
const lostCode = 0;

/**
 * Counts a closed connection. Clients may close with any number; unknown codes
 * are counted as `other`, so that clients cannot create series.
 */
export function countClose({ closes }: Counters, code: number): void {
  const label = String(code === lostCode ? 1006 : code);
  const known = closes[label] === undefined ? "other" : label;
  closes[known] = (closes[known] ?? 0) + 1;
}
