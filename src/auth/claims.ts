import type { Payload } from "djwt";
import type { Grant, TokenRejectionCode } from "./identity.ts";
import { parseUserId } from "../tasks/user_id.ts";

/** The requirements for the claims of a token. */
export interface ClaimChecks {
  /** The required `iss`. */
  readonly issuer?: string;
  /** The audience required in `aud`. */
  readonly audience?: string;
  /** Clock skew allowed for `exp` and `nbf`, in seconds. */
  readonly leewaySeconds: number;
}

/** The time claims of a token, in seconds since 1970. */
export interface TimeClaims {
  readonly exp?: number | undefined;
  readonly nbf?: number | undefined;
}

/** Rejects a token, with the reason. */
export class Rejected extends Error {
  constructor(readonly code: TokenRejectionCode, message: string) {
    super(message);
  }
}

/**
 * Checks the claims of a token with a verified signature.
 *
 * @throws {Rejected} With the reason.
 */
export function checkClaims(payload: Payload, checks: ClaimChecks): void {
  checkTimes(payload, checks.leewaySeconds);
  checkIssuer(payload, checks.issuer);
  checkAudience(payload, checks.audience);
}

/**
 * Checks the time claims (RFC 7519 §4.1.4 and §4.1.5).
 *
 * @throws {Rejected} `token_expired` or `token_not_yet_valid`.
 */
export function checkTimes(
  payload: TimeClaims,
  leewaySeconds: number,
): void {
  const now = Date.now() / 1000;
  if (payload.exp !== undefined && payload.exp + leewaySeconds <= now) {
    throw new Rejected(
      "token_expired",
      `The token expired ${
        Math.ceil(now - payload.exp)
      } s ago: get a new one and connect again`,
    );
  }
  if (payload.nbf !== undefined && payload.nbf - leewaySeconds > now) {
    throw new Rejected(
      "token_not_yet_valid",
      `The token becomes valid in ${
        Math.ceil(payload.nbf - now)
      } s: check its 'nbf' and the clocks of issuer and server`,
    );
  }
}

/** RFC 7519 §4.1.1. */
function checkIssuer(payload: Payload, issuer: string | undefined): void {
  if (issuer !== undefined && payload.iss !== issuer) {
    throw new Rejected(
      "token_wrong_issuer",
      "The token's 'iss' is not the issuer trusted by the server (TASKWIRE_JWT_ISSUER)",
    );
  }
}

/** RFC 7519 §4.1.3; a token without `aud` fails if an audience is required. */
function checkAudience(payload: Payload, audience: string | undefined): void {
  if (audience !== undefined && ![payload.aud].flat().includes(audience)) {
    throw new Rejected(
      "token_wrong_audience",
      "The token's 'aud' does not name this server (TASKWIRE_JWT_AUDIENCE)",
    );
  }
}

const noScopes: ReadonlySet<string> = new Set();

/** The largest time of a `Date`, in ms since 1970; `exp` may be later. */
const maxDateMs = 8_640_000_000_000_000;

/**
 * Reads the rights of a verified token.
 *
 * @throws {Rejected} For a `tasks` or `labels` claim other than a list of strings.
 */
export function readGrant(payload: Payload): Grant {
  const userId = parseUserId(payload.sub ?? payload.user_id);
  const scopes = typeof payload.scope === "string"
    ? new Set(payload.scope.split(" ").filter((word) => word !== ""))
    : noScopes;
  return {
    scopes,
    ...(userId === undefined ? {} : { userId }),
    ...(payload.exp === undefined
      ? {}
      : { expiresAtMs: Math.min(payload.exp * 1_000, maxDateMs) }),
    ...(payload.tasks === undefined
      ? {}
      : { tasks: readEntries("tasks", "connection ids", payload.tasks) }),
    ...(payload.labels === undefined
      ? {}
      : { labels: readEntries("labels", "labels", payload.labels) }),
  };
}

function readEntries(
  claim: string,
  content: string,
  entries: unknown,
): readonly string[] {
  if (
    Array.isArray(entries) &&
    entries.every((entry) => typeof entry === "string")
  ) return entries;
  throw new Rejected(
    "token_malformed",
    `The token's '${claim}' is not a list of ${content}, or prefixes ending in '*'`,
  );
}
