import type { Context } from "hono";
import type { TokenRejectionCode } from "../auth/identity.ts";
import { bearerCredential } from "../auth/token.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import type { Config } from "../config/config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { BadTokens } from "../admission/bad_tokens.ts";
import type { Verifier } from "../auth/verifier.ts";
import { readRemoteAddress } from "../connections/handshake.ts";
import { ProblemError } from "../protocol/problem.ts";

/** The parts of the server that judge the credentials of requests. */
export interface AuthorizationContext {
  readonly config: Config;
  readonly counters: Counters;
  readonly badTokens: BadTokens;
  readonly isApiKey: (key: string) => boolean;
  readonly verifier: Verifier;
}

/**
 * Lets a request use the API by an API key, or a JWT with a scope (spec §2;
 * RFC 6750 §2.1). Wrong credentials are counted, logged, and answered late if
 * many come from one address; a request with a right credential never waits.
 *
 * @param scopes Any of these will do.
 * @throws {ProblemError} 401 without a valid key, 403 without the scope, 503
 * while a token can't be checked.
 */
export async function requireScope(
  c: Context,
  scopes: readonly string[],
  services: AuthorizationContext,
): Promise<void> {
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
    return;
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
        ? "The key is neither one of TASKWIRE_API_KEYS nor a JWT"
        : message,
    );
  }
  if (scopes.some((scope) => verdict.grant.scopes.has(scope))) {
    credentials.token += 1;
    return;
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
 * Takes note of a wrong credential; waits if its address has shown many.
 *
 * @throws {ProblemError} 429 if too many of the address wait already.
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
      "Refused a wrong API key or token from {remoteAddress}: {code}. Further wrong credentials of this address within a minute are counted (taskwire_credentials_total), delayed if they are many, and not logged",
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
      "Too many wrong API keys or tokens came from this address: correct the key, and try again in a minute",
  });
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError({ status: 401, code: "unauthorized", detail });
}
