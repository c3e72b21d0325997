import { assert, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Grant } from "../../src/auth/identity.ts";
import {
  createVerifier,
  type VerifierOptions,
} from "../../src/auth/verifier.ts";
import { testSecret } from "../support/server.ts";

/** A secret that the verifier under test doesn't have. */
export const otherSecret = "another-secret-for-tests-of-32-bytes";
export const hs256 = '{"alg":"HS256","typ":"JWT"}';
export const alice = '{"sub":"alice"}';

/** Signs whatever is given as header and claims, JSON or not. */
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

/** Signs header and claims that are encoded already. */
export function sign(input: string, secret = testSecret): string {
  const signature = createHmac("sha256", secret).update(input);
  return `${input}.${signature.digest("base64url")}`;
}

/**
 * The grant of a token, or the code for which it is rejected. No message may
 * repeat the token, a part of it, or a secret.
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

/** What a token grants that names a user, perhaps its own end, and nothing else. */
export function grantOf(userId: string, expiresAtMs?: number): Grant {
  return {
    userId,
    scopes: new Set(),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
