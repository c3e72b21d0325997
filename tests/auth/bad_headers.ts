import {
  good,
  header,
  hs256,
  payload,
  signature,
  soon,
  standard,
  withClaims,
  withHeader,
} from "./issued_tokens.ts";
import { assemble, sign } from "./judge_token.ts";
import type { BadToken } from "./bad_tokens.ts";
/** Tokens with a wrong form, header or algorithm. */
export const badHeaders: readonly BadToken[] = [
  // Form
  ["an opaque word", "letmein", "token_malformed"],
  ["two dots", "..", "token_malformed"],
  ["two parts", `${header}.${payload}`, "token_malformed"],
  ["four parts", `${good}.${signature}`, "token_malformed"],
  ["five parts, as of a JWE", `${good}.a.b`, "token_malformed"],
  ["'Bearer' before the token", `Bearer ${good}`, "token_malformed"],
  ["quotes around the token", `"${good}"`, "token_malformed"],
  ["white space before the token", `\t${good}`, "token_malformed"],
  [
    "a line feed inside",
    `${header}.${payload}\n.${signature}`,
    "token_malformed",
  ],
  ["a NUL after the token", `${good}\0`, "token_malformed"],
  [
    "excess padding",
    `${header}====.${payload}.${signature}`,
    "token_malformed",
  ],
  [
    "excess padding after the signature",
    `${good}==`,
    "token_malformed",
  ],
  [
    "padding that completes base64",
    sign(`${standard('{"alg":"HS256" }')}=.${payload}`),
    "token_malformed",
  ],
  [
    "the alphabet of base64",
    sign(`${header}.${standard('{"sub":"???>>>"}')}`),
    "token_malformed",
  ],
  ["letters outside base64", "日.本.語", "token_malformed"],
  ["an emoji as signature", `${header}.${payload}.🔑`, "token_malformed"],
  [
    "more than 16 KiB",
    withClaims({ pad: "x".repeat(16_000) }),
    "token_malformed",
  ],
  // Header
  ["a header that is not JSON", withHeader("alg=HS256"), "token_malformed"],
  ["a header cut short", withHeader('{"alg":"HS256"'), "token_malformed"],
  ["a header that is a list", withHeader(["HS256"]), "token_malformed"],
  ["a header that is null", withHeader(null), "token_malformed"],
  ["a header without alg", withHeader({ typ: "JWT" }), "token_malformed"],
  ["an alg that is a list", withHeader({ alg: ["HS256"] }), "token_malformed"],
  ["an alg that is null", withHeader({ alg: null }), "token_malformed"],
  [
    "a header that is not UTF-8",
    assemble(Uint8Array.of(123, 34, 233, 34, 58, 49, 125), "{}"),
    "token_malformed",
  ],
  [
    "crit",
    withHeader({ ...hs256, crit: ["exp"], exp: soon }),
    "token_malformed",
  ],
  [
    "crit with b64",
    withHeader({ ...hs256, crit: ["b64"], b64: false }),
    "token_malformed",
  ],
  ["an empty crit", withHeader({ ...hs256, crit: [] }), "token_malformed"],
  [
    "a kid that is a number",
    withHeader({ ...hs256, kid: 1 }),
    "token_malformed",
  ],
  [
    "a kid that is an object",
    withHeader({ ...hs256, kid: { $ne: "" } }),
    "token_malformed",
  ],
  // Algorithm
  [
    "none, unsigned",
    withHeader({ alg: "none" }).replace(/[^.]*$/, ""),
    "token_wrong_algorithm",
  ],
  ["none, signed", withHeader({ alg: "none" }), "token_wrong_algorithm"],
  ["nOnE", withHeader({ alg: "nOnE" }), "token_wrong_algorithm"],
  ["an empty alg", withHeader({ alg: "" }), "token_wrong_algorithm"],
  [
    "hs256 in lower case",
    withHeader({ alg: "hs256" }),
    "token_wrong_algorithm",
  ],
  [
    "__proto__ as alg",
    withHeader('{"alg":"__proto__"}'),
    "token_wrong_algorithm",
  ],
  ["EdDSA", withHeader({ alg: "EdDSA" }), "token_wrong_algorithm"],
  ["ES512", withHeader({ alg: "ES512" }), "token_wrong_algorithm"],
  [
    "HS512, which is not allowed",
    withHeader({ alg: "HS512" }),
    "token_wrong_algorithm",
  ],
  [
    "alg twice, none last",
    withHeader('{"alg":"HS256","alg":"none"}'),
    "token_wrong_algorithm",
  ],
  [
    "RS384 for a key of ES256",
    withHeader({ alg: "RS384", kid: "set-key" }),
    "token_wrong_algorithm",
  ],
];
