import type { Context } from "hono";
import type { Grant, TokenRejectionCode } from "../auth/identity.ts";
import { bearerCredential } from "../auth/token.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import type { Config } from "../config/config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { BadTokens } from "../admission/bad_tokens.ts";
import type { Verifier } from "../auth/verifier.ts";
import { readRemoteAddress } from "../connections/handshake.ts";
import { ProblemError } from "../protocol/problem.ts";
import { noLimits, type TaskLimits } from "../tasks/task_limits.ts";

/** The parts of the server used to check the credentials of requests. */
export interface AuthorizationContext {
  readonly config: Config;
  readonly counters: Counters;
  readonly badTokens: BadTokens;
  readonly isApiKey: (key: string) => boolean;
  readonly verifier: Verifier;
}

/** The rights of a request; without limits for an API key. */
export type Credential =
  & TaskLimits
  & Partial<Pick<Grant, "userId" | "expiresAtMs">>;

/**
 * Admits requests with an API key, or with a JWT of a given scope (spec §2; RFC
 * 6750 §2.1). Wrong credentials are counted and logged, and answered after a
 * delay if many come from the same address. Requests with valid credentials
 * never wait.
 *
 * @param scopes Any of the scopes is enough.
 * @returns The rights, with the tasks to which the credential is limited.
 * @throws {ProblemError} 401 without a valid key or token, 403 without the
 * scope, 503 if tokens can't be checked now.
 */
export async function requireScope(
  c: Context,
  scopes: readonly string[],
  services: AuthorizationContext,
): Promise<Credential> {
  const { credentials } = services.counters;
  const credential = bearerCredential(c.req.header("authorization"));
  if (credential === undefined) {
    credentials.missing += 1;
    throw unauthorized(
      "Send 'Authorization: Bearer <key>', with an API key (TASKWIRE_API_KEYS) or a JWT",
    );
  }
  if (services.isApiKey(credential)) {
    credentials.api_key += 1;
    return noLimits;
  }
  const verdict = await services.verifier.verify(credential);
  if (!verdict.ok) {
    const { code, message } = verdict.rejection;
    if (code === "verifier_unavailable") {
      credentials.unavailable += 1;
      throw new ProblemError({ status: 503, code, detail: message });
    }
    credentials.wrong += 1;
    await slowGuessing(c, code, services);
    throw unauthorized(
      code === "token_malformed"
        ? "The credential is neither in TASKWIRE_API_KEYS nor a JWT: check the key"
        : message,
    );
  }
  if (scopes.some((scope) => verdict.grant.scopes.has(scope))) {
    credentials.token += 1;
    return verdict.grant;
  }
  credentials.insufficient_scope += 1;
  throw new ProblemError({
    status: 403,
    code: "insufficient_scope",
    detail: `The token is valid, but its 'scope' claim has none of: ${
      scopes.join(", ")
    }`,
  });
}

/**
 * Counts a wrong credential, and waits if the address has shown many.
 *
 * @throws {ProblemError} 429 if too many requests of the address are waiting
 * already.
 */
async function slowGuessing(
  c: Context,
  code: TokenRejectionCode,
  services: AuthorizationContext,
): Promise<void> {
  const { badTokens } = services;
  const remoteAddress = readRemoteAddress(c, services.config);
  badTokens.note(remoteAddress);
  if (badTokens.isUnreported(remoteAddress)) {
    log.warn(
      "Refused a wrong API key or token from {remoteAddress}: {code}. For a minute, further wrong credentials from this address are only counted (taskwire_credentials_total), and delayed after the first 10",
      { remoteAddress, code },
    );
  }
  const delayMs = badTokens.delayMs(remoteAddress);
  if (delayMs === 0) return;
  const endDelay = badTokens.beginDelay(remoteAddress);
  if (endDelay === undefined) throw tooManyGuesses();
  await delay(delayMs);
  endDelay();
}

function tooManyGuesses(): ProblemError {
  return new ProblemError({
    status: 429,
    code: "too_many_requests",
    detail:
      "Too many wrong API keys or tokens from this address: correct the key and try again in a minute",
  });
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError({ status: 401, code: "unauthorized", detail });
}
