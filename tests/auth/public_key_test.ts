import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  type PublicKeyAlgorithm,
  publicKeyAlgorithms,
} from "../../src/auth/algorithms.ts";
import { readPublicKeys } from "../../src/auth/public_key.ts";
import { KeyError } from "../../src/auth/verification_key.ts";
import { makeIssuerKey } from "../support/keys.ts";

const rsa = await makeIssuerKey("RS256", "r");
const p256 = await makeIssuerKey("ES256", "p");
const p384 = await makeIssuerKey("ES384");

async function algorithmsOf(text: string): Promise<string[]> {
  return (await readPublicKeys(text)).map(({ algorithm }) => algorithm);
}

const rsaAlgorithms = publicKeyAlgorithms.filter((name) =>
  !name.startsWith("ES")
);

const good: [what: string, text: string, algorithms: PublicKeyAlgorithm[]][] = [
  ["an RSA PEM", rsa.pem, rsaAlgorithms],
  ["a P-256 PEM", p256.pem, ["ES256"]],
  ["a P-384 PEM", p384.pem, ["ES384"]],
  [
    "a PEM with comments and CRLF",
    `# ours\n${p256.pem}`.replaceAll("\n", "\r\n"),
    ["ES256"],
  ],
  ["two PEMs", p256.pem + p384.pem, ["ES256", "ES384"]],
  ["an RSA JWK", JSON.stringify(rsa.jwk), rsaAlgorithms],
  ["a JWK with alg", JSON.stringify({ ...rsa.jwk, alg: "PS384" }), ["PS384"]],
  ["a JWK with white space", `\n ${JSON.stringify(p256.jwk, null, 2)}\n`, [
    "ES256",
  ]],
  [
    "a JWK for signatures",
    JSON.stringify({ ...p384.jwk, use: "sig", key_ops: ["verify"] }),
    ["ES384"],
  ],
  ["a JWK Set", JSON.stringify({ keys: [p256.jwk, p384.jwk] }), [
    "ES256",
    "ES384",
  ]],
];

for (const [what, text, algorithms] of good) {
  Deno.test(`readPublicKeys() reads ${what}`, async () => {
    assertEquals(await algorithmsOf(text), algorithms);
  });
}

Deno.test("readPublicKeys() returns only public keys, with their kid", async () => {
  const keys = await readPublicKeys(
    JSON.stringify({ keys: [p256.jwk, p384.jwk] }),
  );
  assertEquals(keys.map(({ kid }) => kid), ["p", undefined]);
  assert(keys.every(({ key }) => key.type === "public"));
});

const short = await crypto.subtle.generateKey(
  {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1_024,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
  true,
  ["sign", "verify"],
);
const shortJwk = await crypto.subtle.exportKey("jwk", short.publicKey);
const shortPem = `-----BEGIN PUBLIC KEY-----\n${
  Buffer.from(await crypto.subtle.exportKey("spki", short.publicKey))
    .toString("base64")
}\n-----END PUBLIC KEY-----`;
const bad: [what: string, text: string, remedy: RegExp][] = [
  ["nothing", "", /neither a PEM nor a JWK/],
  ["a DER", '0\ufffd\u0001"0\r\u0006', /openssl pkey -pubin -inform DER/],
  ["a private key", rsa.privatePem, /a private key: .*-pubout/],
  [
    "an old private key",
    rsa.privatePem.replaceAll("PRIVATE", "RSA PRIVATE"),
    /a private key: /,
  ],
  [
    "a private key beside the public one",
    rsa.pem + rsa.privatePem,
    /a private key: /,
  ],
  [
    "a certificate",
    rsa.pem.replaceAll("PUBLIC KEY", "CERTIFICATE"),
    /openssl x509 .*-pubkey/,
  ],
  [
    "an old RSA key",
    rsa.pem.replaceAll("PUBLIC", "RSA PUBLIC"),
    /-RSAPublicKey_in/,
  ],
  ["another PEM", rsa.pem.replaceAll("PUBLIC KEY", "SSH KEY"), /another kind/],
  ["a damaged PEM", rsa.pem.replace(/\n.{40}/, "\n"), /damaged/],
  ["a PEM cut short", rsa.pem.slice(0, 200), /neither a PEM/],
  ["a short RSA PEM", shortPem, /1024 bits is too short/],
  [
    "a short RSA JWK",
    JSON.stringify({ kty: "RSA", n: shortJwk.n, e: shortJwk.e }),
    /1024 bits is too short/,
  ],
  ["broken JSON", '{"kty":"RSA"', /not valid JSON/],
  ["a JWK Set without keys", '{"keys":[]}', /without keys/],
  ["a JWK Set of another form", '{"keys":{}}', /without keys/],
  [
    "a JWK Set with one bad key",
    JSON.stringify({ keys: [p256.jwk, {}] }),
    /'kty'/,
  ],
];

for (const [what, text, remedy] of bad) {
  Deno.test(`readPublicKeys() rejects ${what}, and names the remedy`, async () => {
    const error = await assertRejects(() => readPublicKeys(text), KeyError);
    assert(remedy.test(error.message), error.message);
    for (const line of text.split("\n").filter((line) => line.length > 40)) {
      assert(!error.message.includes(line), "the message reveals a key");
    }
  });
}
