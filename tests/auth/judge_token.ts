import { assert, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Grant } from "../../src/auth/identity.ts";
import {
  createVerifier,
  type VerifierOptions,
} from "../../src/auth/verifier.ts";
import { testSecret } from "../support/server.ts";

/** A secret unknown to the verifier under test. */
export const otherSecret = "another-secret-for-tests-of-32-bytes";
export const hs256 = '{"alg":"HS256","typ":"JWT"}';
export const alice = '{"sub":"alice"}';

/** Signs any header and claims, even if not JSON. */
export function assemble(
  header: string | Uint8Array,
  claims: string | Uint8Array,
  secret = testSecret,
): string {
  const [h, c] = [header, claims].map((part) =>
    Buffer.from(part).toString("base64url")
  );
  return sign(`${h}.${c}`, secret);
}

/** Signs an encoded header and encoded claims. */
export function sign(input: string, secret = testSecret): string {
  const signature = createHmac("sha256", secret).update(input);
  return `${input}.${signature.digest("base64url")}`;
}

/**
 * Verifies a token. Returns the grant, or the code of the rejection. Asserts a
 * message without the token, any part of the token, or a secret.
 */
export async function judge(
  token: string,
  options: Partial<VerifierOptions> = {},
): Promise<Grant | string> {
  const secrets = [testSecret];
  const verifier = await createVerifier({
    secrets,
    leewaySeconds: 5,
    ...options,
  });
  const verdict = await verifier.verify(token);
  if (verdict.ok) return verdict.grant;
  const { code, message } = verdict.rejection;
  assert(message !== "");
  const kept = [token, ...token.split("."), ...(options.secrets ?? secrets)];
  for (const secret of kept.filter(({ length }) => length > 3)) {
    assertFalse(message.includes(secret), `told: ${message}`);
  }
  return code;
}

/** Returns the grant of a token with only a user and, if given, an expiry. */
export function grantOf(userId: string, expiresAtMs?: number): Grant {
  return {
    userId,
    scopes: new Set(),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
