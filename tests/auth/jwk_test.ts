import { assert, assertEquals, assertRejects } from "@std/assert";
import { importJwk } from "../../src/auth/jwk.ts";
import { KeyError } from "../../src/auth/verification_key.ts";
import { makeIssuerKey } from "../support/keys.ts";

const rsa = await makeIssuerKey("RS256", "r");
const p256 = await makeIssuerKey("ES256", "p");

Deno.test("importJwk() limits the key to a given alg, and keeps the kid", async () => {
  const keys = await importJwk({ ...rsa.jwk, alg: "PS384", use: "sig" });
  assertEquals(keys.map(({ algorithm, kid }) => [algorithm, kid]), [
    ["PS384", "r"],
  ]);
  assertEquals((await importJwk(rsa.jwk)).length, 6);
  assertEquals((await importJwk(p256.jwk)).length, 1);
});

const jwk = (members: object) => JSON.stringify({ ...p256.jwk, ...members });

const bad: [what: string, text: string, reason: RegExp][] = [
  ["null", "null", /not a JSON object/],
  ["a list", "[]", /not a JSON object/],
  ["a JWK without kty", "{}", /'kty' is neither/],
  ["a secret as a JWK", '{"kty":"oct","k":"AAAA"}', /'kty' is neither/],
  [
    "an Ed25519 JWK",
    '{"kty":"OKP","crv":"Ed25519","x":"AA"}',
    /'kty' is neither/,
  ],
  ["a P-521 JWK", jwk({ crv: "P-521" }), /'crv'/],
  ["a private JWK", jwk({ d: "AAAA" }), /a private key/],
  ["a JWK for encryption", jwk({ use: "enc" }), /'use'/],
  ["a JWK for signing", jwk({ key_ops: ["sign"] }), /'key_ops'/],
  ["a JWK with a wrong alg", jwk({ alg: "RS256" }), /'alg' is none of ES256/],
  ["a JWK for HS256", JSON.stringify({ ...rsa.jwk, alg: "HS256" }), /'alg'/],
  ["a JWK with a number as kid", jwk({ kid: 1 }), /'kid'/],
  ["a JWK without x", jwk({ x: 1 }), /'x'/],
  ["a JWK off its curve", jwk({ x: p256.jwk.y }), /no key for ES256/],
];

for (const [what, text, reason] of bad) {
  Deno.test(`importJwk() refuses ${what}`, async () => {
    const { message } = await assertRejects(
      () => importJwk(JSON.parse(text)),
      KeyError,
    );
    assert(reason.test(message), message);
  });
}
