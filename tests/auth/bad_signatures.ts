import { Buffer } from "node:buffer";
import {
  claims,
  foreign,
  header,
  hs256,
  payload,
  pemKey,
  setKey,
  signature,
  withHeader,
} from "./issued_tokens.ts";
import { assemble, otherSecret } from "./judge_token.ts";
import type { BadToken } from "./bad_tokens.ts";
/** Tokens with a signature by no key of the server. */
export const badSignatures: readonly BadToken[] = [
  // Signature
  ["no signature", `${header}.${payload}.`, "token_bad_signature"],
  [
    "half a signature",
    `${header}.${payload}.${signature.slice(0, 20)}`,
    "token_bad_signature",
  ],
  [
    "another secret's signature",
    withHeader(hs256, otherSecret),
    "token_bad_signature",
  ],
  ["the PEM as secret", withHeader(hs256, pemKey.pem), "token_bad_signature"],
  [
    "the PEM without its last line feed as secret",
    withHeader(hs256, pemKey.pem.trimEnd()),
    "token_bad_signature",
  ],
  [
    "the JWK as secret",
    withHeader(hs256, JSON.stringify(setKey.jwk)),
    "token_bad_signature",
  ],
  [
    "the modulus as secret",
    withHeader(hs256, pemKey.jwk.n),
    "token_bad_signature",
  ],
  [
    "an empty secret, by a kid of /dev/null",
    withHeader({ ...hs256, kid: "/dev/null" }, ""),
    "token_bad_signature",
  ],
  [
    "a secret chosen by SQL in the kid",
    withHeader({ ...hs256, kid: "x' UNION SELECT 'key'--" }, "key"),
    "token_bad_signature",
  ],
  [
    "RS256, signed by HMAC",
    withHeader({ alg: "RS256", kid: "set-key" }),
    "token_wrong_algorithm",
  ],
  [
    "ES256, signed by zeros",
    `${
      Buffer.from('{"alg":"ES256","kid":"set-key"}').toString("base64url")
    }.${payload}.${"A".repeat(86)}`,
    "token_bad_signature",
  ],
  [
    "expired, with another secret's signature",
    assemble('{"alg":"HS256"}', '{"sub":"a","exp":1}', otherSecret),
    "token_bad_signature",
  ],
  // Keys
  ["an unknown kid", await foreign.sign(claims), "token_unknown_key"],
  [
    "a kid that is a path",
    await foreign.sign(claims, { kid: "../../../etc/passwd" }),
    "token_unknown_key",
  ],
  [
    "a kid that is a URL",
    await foreign.sign(claims, { kid: "http://127.0.0.1:1/jwks" }),
    "token_unknown_key",
  ],
  [
    "a kid that is SQL",
    await foreign.sign(claims, { kid: "' OR '1'='1" }),
    "token_unknown_key",
  ],
  [
    "a kid that is a command",
    await foreign.sign(claims, { kid: "|/bin/sh -c id" }),
    "token_unknown_key",
  ],
  [
    "a very long kid",
    await foreign.sign(claims, { kid: "k".repeat(8_000) }),
    "token_unknown_key",
  ],
  [
    "an empty kid",
    await foreign.sign(claims, { kid: "" }),
    "token_unknown_key",
  ],
  [
    "__proto__ as kid",
    await foreign.sign(claims, { kid: "__proto__" }),
    "token_unknown_key",
  ],
  [
    "its own key in jwk",
    await foreign.sign(claims, { jwk: foreign.jwk }),
    "token_unknown_key",
  ],
  [
    "its own keys at jku",
    await foreign.sign(claims, { jku: "http://127.0.0.1:1/" }),
    "token_unknown_key",
  ],
  [
    "its own certificate at x5u",
    await foreign.sign(claims, { x5u: "http://127.0.0.1:1/" }),
    "token_unknown_key",
  ],
  [
    "its own certificate in x5c",
    await foreign.sign(claims, { x5c: ["MIIB"] }),
    "token_unknown_key",
  ],
];
