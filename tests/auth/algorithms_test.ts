import { assertEquals } from "@std/assert";
import {
  importParameters,
  isSecretAlgorithm,
  type JwtAlgorithm,
  jwtAlgorithms,
  publicKeyAlgorithms,
  secretAlgorithms,
} from "../../src/auth/algorithms.ts";

Deno.test("jwtAlgorithms combine the algorithms of secrets and of public keys, without none", () => {
  assertEquals(jwtAlgorithms, [...secretAlgorithms, ...publicKeyAlgorithms]);
  assertEquals(jwtAlgorithms.filter(isSecretAlgorithm), [...secretAlgorithms]);
  assertEquals(jwtAlgorithms.includes("none" as never), false);
});

const parameters: [JwtAlgorithm, object][] = [
  ["HS384", { name: "HMAC", hash: "SHA-384" }],
  ["RS256", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  ["PS512", { name: "RSA-PSS", hash: "SHA-512" }],
  ["ES384", { name: "ECDSA", namedCurve: "P-384" }],
];

for (const [algorithm, expected] of parameters) {
  Deno.test(`importParameters() translates ${algorithm} for WebCrypto`, () => {
    assertEquals(importParameters(algorithm), expected as never);
  });
}
