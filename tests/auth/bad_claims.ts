import { Buffer } from "node:buffer";
import { secondsFromNow } from "../support/tokens.ts";
import {
  claims,
  huge,
  issuer,
  pemKey,
  setKey,
  soon,
  withClaims,
} from "./issued_tokens.ts";
import { assemble } from "./judge_token.ts";
import type { BadToken } from "./bad_tokens.ts";
/** Correctly signed tokens with bad claims. */
export const badClaims: readonly BadToken[] = [
  // Claims
  [
    "claims that are not JSON",
    assemble('{"alg":"HS256"}', "sub=alice"),
    "token_malformed",
  ],
  [
    "claims that are a number",
    assemble('{"alg":"HS256"}', "1"),
    "token_malformed",
  ],
  [
    "claims that are a list",
    assemble('{"alg":"HS256"}', "[{}]"),
    "token_malformed",
  ],
  [
    "claims that are not UTF-8",
    assemble('{"alg":"HS256"}', Buffer.from('{"sub":"\xe9"}', "latin1")),
    "token_malformed",
  ],
  ["exp of NaN", withClaims('"exp":NaN'), "token_malformed"],
  ["exp as a string", withClaims({ exp: `${soon}` }), "token_malformed"],
  ["exp as null", withClaims({ exp: null }), "token_malformed"],
  ["exp as a list", withClaims({ exp: [soon] }), "token_malformed"],
  ["exp of infinity", withClaims('"exp":1e999'), "token_malformed"],
  ["nbf as a string", withClaims({ nbf: "0" }), "token_malformed"],
  ["tasks as a string", withClaims({ tasks: "*" }), "token_malformed"],
  ["labels as a string", withClaims({ labels: "*" }), "token_malformed"],
  ["labels with a number", withClaims({ labels: [7] }), "token_malformed"],
  ["tasks nested", withClaims({ tasks: [["*"]] }), "token_malformed"],
  [
    "claims nested 4,000 deep",
    withClaims(`"exp":1,"x":${"[".repeat(4_000)}${"]".repeat(4_000)}`),
    "token_expired",
  ],
  [
    "claims of 8 KB",
    withClaims({ exp: 1, x: "y".repeat(8_000) }),
    "token_expired",
  ],
  ["expired", withClaims({ exp: secondsFromNow(-60) }), "token_expired"],
  ["a negative exp", withClaims({ exp: -1 }), "token_expired"],
  ["an exp of 0", withClaims({ exp: 0 }), "token_expired"],
  ["an exp of -0", withClaims('"exp":-0'), "token_expired"],
  [
    "exp twice, the past last",
    withClaims(`"exp":${soon},"exp":1`),
    "token_expired",
  ],
  [
    "expired, by the PEM's key",
    await pemKey.sign({ ...claims, exp: 1 }),
    "token_expired",
  ],
  [
    "expired, by the set's key",
    await setKey.sign({ ...claims, exp: 1 }),
    "token_expired",
  ],
  ["not valid yet", withClaims({ nbf: soon }), "token_not_yet_valid"],
  ["an nbf of 2^53", withClaims({ nbf: huge }), "token_not_yet_valid"],
  ["another issuer", withClaims({ iss: `${issuer}/` }), "token_wrong_issuer"],
  ["no issuer", withClaims({ iss: undefined }), "token_wrong_issuer"],
  ["issuers in a list", withClaims({ iss: [issuer] }), "token_wrong_issuer"],
  [
    "iss twice, the wrong issuer last",
    withClaims('"iss":"x"'),
    "token_wrong_issuer",
  ],
  ["another audience", withClaims({ aud: "wires" }), "token_wrong_audience"],
  ["no audience", withClaims({ aud: undefined }), "token_wrong_audience"],
  [
    "an audience of objects",
    withClaims({ aud: [{ wire: 1 }] }),
    "token_wrong_audience",
  ],
  ["no user", withClaims({ sub: undefined }), "token_without_user"],
  ["an empty user", withClaims({ sub: "" }), "token_without_user"],
  ["a user that is null", withClaims({ sub: null }), "token_without_user"],
  [
    "a user that is an object",
    withClaims({ sub: { id: 1 } }),
    "token_without_user",
  ],
  ["a user that is a fraction", withClaims({ sub: 1.5 }), "token_without_user"],
  ["a user of 2^53", withClaims({ sub: huge }), "token_without_user"],
  [
    "a user beyond 2^53",
    withClaims('"sub":9007199254740993'),
    "token_without_user",
  ],
  ["a user of 1e400", withClaims('"sub":1e400'), "token_without_user"],
  [
    "an exp in the far future, and no user",
    withClaims({ sub: "", exp: 1e300 }),
    "token_without_user",
  ],
];
