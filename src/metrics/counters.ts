import type { TokenRejectionCode } from "../auth/identity.ts";
import {
  createDurations,
  type Durations,
  type StoreOperation,
} from "./durations.ts";
import { closeCodes } from "../protocol/close_codes.ts";

/** What the process has done since its start, for metrics: plain numbers, which cost nothing where they are counted. */
export interface Counters {
  /** Events that watchers did not get because a newer one stood for them. */
  mergedEvents: number;
  /** Connections closed because they were too slow (4408). */
  evictedConnections: number;
  /** The times that the server could not accept connections and listened again. */
  acceptFailures: number;
  /** Reads of the key set (TASKWIRE_JWKS_URL) that failed. */
  keySetFailures: number;
  /** Events times the watchers that each reached. */
  deliveries: number;
  /** By the name of the route, of sockets or of event streams, then by `accepted` or the code of the problem that it was refused with. */
  readonly handshakes: Record<string, Record<string, number>>;
  /** Tokens that sockets came with, by verdict. */
  readonly tokens: Record<"authenticated" | TokenRejectionCode, number>;
  /** Credentials that requests to the API came with, by verdict. */
  readonly credentials: Record<CredentialResult, number>;
  /** What became of events and of requests to cancel. */
  readonly publishes: Record<PublishResult, number>;
  /** Tasks that watchers began to watch, by what they had missed. */
  readonly resumes: Record<"recovered" | "snapshot" | "fresh", number>;
  /** Closed connections, by close code; see {@linkcode countClose}. */
  readonly closes: Record<string, number>;
  /** What a store was asked for in vain. */
  readonly storeErrors: Record<StoreOperation, number>;
  readonly durations: Durations;
}

/** The verdict on the credential of a request to the API. */
export type CredentialResult =
  | "api_key"
  | "token"
  | "missing"
  | "wrong"
  | "insufficient_scope"
  | "unavailable";

/** What became of a change: of the store's outcomes one, or why there was none. */
export type PublishResult =
  | "stored"
  | "duplicate"
  | "noted"
  | "refused"
  | "unavailable"
  | "failed";

/** All at zero, by name, so that the first of a kind is seen as a rise. */
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
    storeErrors: { publish: 0, read: 0, list: 0, forget: 0 },
    durations: createDurations(),
  };
}

/** No close code was given; none came at all (RFC 6455 §7.4.1). */
const foreignCodes = [1005, 1006];

/** How a runtime reports a socket that was lost without a close frame. */
const lostCode = 0;

/**
 * Counts a closed connection. A client may close with any number: those that
 * nobody knows are counted as `other`, so that it can't make up metrics.
 */
export function countClose({ closes }: Counters, code: number): void {
  const label = String(code === lostCode ? 1006 : code);
  const known = closes[label] === undefined ? "other" : label;
  closes[known] = (closes[known] ?? 0) + 1;
}
