import type { TokenRejectionCode } from "../../src/auth/identity.ts";
import { badClaims } from "./bad_claims.ts";
import { badHeaders } from "./bad_headers.ts";
import { badSignatures } from "./bad_signatures.ts";

/** A token that servers with the keys of `issued_tokens.ts` reject, with the reason. */
export type BadToken = readonly [
  what: string,
  token: string,
  code: TokenRejectionCode,
];

export const badTokens: readonly BadToken[] = [
  ...badHeaders,
  ...badSignatures,
  ...badClaims,
];
