import type { Services } from "../services.ts";
import { ProblemError } from "./problem.ts";

/**
 * What an `Authorization` header has after `Bearer` (RFC 6750 §2.1).
 *
 * @returns `undefined` without one.
 */
export function bearerCredential(
  header: string | undefined,
): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/**
 * Lets a request use the API by an API key, or a JWT with a scope (spec §2;
 * RFC 6750 §2.1).
 *
 * @param header The `Authorization` header.
 * @param scopes Any of these will do.
 * @throws {ProblemError} 401 without a valid key, 403 without the scope, 503
 * while a token can't be checked.
 */
export async function requireScope(
  header: string | undefined,
  scopes: readonly string[],
  { isApiKey, verifier }: Services,
): Promise<void> {
  const credential = bearerCredential(header);
  if (credential === undefined) {
    throw unauthorized(
      "Send 'Authorization: Bearer <key>', with an API key (TASKWIRE_API_KEYS) or a JWT",
    );
  }
  if (isApiKey(credential)) return;
  const verdict = await verifier.verify(credential);
  if (!verdict.ok) {
    if (verdict.rejection.code === "verifier_unavailable") {
      throw new ProblemError({
        status: 503,
        code: verdict.rejection.code,
        detail: verdict.rejection.message,
      });
    }
    const isToken = verdict.rejection.code !== "token_malformed";
    throw unauthorized(
      isToken
        ? verdict.rejection.message
        : "The key is neither one of TASKWIRE_API_KEYS nor a JWT",
    );
  }
  if (scopes.some((scope) => verdict.grant.scopes.has(scope))) return;
  throw new ProblemError({
    status: 403,
    code: "insufficient_scope",
    detail: `The token is valid, but its 'scope' claim has none of: ${
      scopes.join(", ")
    }`,
  });
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError({ status: 401, code: "unauthorized", detail });
}
