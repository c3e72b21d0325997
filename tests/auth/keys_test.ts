import { assertEquals, assertRejects } from "@std/assert";
import {
  type JwtAlgorithm,
  publicKeyAlgorithms,
  secretAlgorithms,
} from "../../src/auth/algorithms.ts";
import { importKeys } from "../../src/auth/keys.ts";
import { KeyError } from "../../src/auth/verification_key.ts";
import { makeIssuerKey } from "../support/keys.ts";
import { testSecret } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";
import { assemble, grantOf, judge } from "./judge_token.ts";

const rsa = await makeIssuerKey("RS256");
const pss = await makeIssuerKey("PS256");
const rsaFile = { path: "rsa.pem", text: rsa.pem };
const alice = { sub: "alice", exp: 9e9 };
const granted = grantOf("alice", 9e12);

for (const algorithm of publicKeyAlgorithms) {
  Deno.test(`createVerifier() accepts ${algorithm} by PEM and by JWK`, async () => {
    const key = await makeIssuerKey(algorithm, "k1");
    const token = await key.sign(alice);
    const jwk = { ...key.jwk, alg: algorithm };
    for (const text of [key.pem, JSON.stringify(jwk)]) {
      const options = { secrets: [], publicKey: { path: "key", text } };
      assertEquals(await judge(token, options), granted);
    }
  });
}

Deno.test("createVerifier() accepts secrets and a public key together", async () => {
  const options = { publicKey: rsaFile };
  assertEquals(await judge(await rsa.sign(alice), options), granted);
  assertEquals(await judge(await signToken(alice), options), granted);
  const foreign = await makeIssuerKey("RS256");
  assertEquals(
    await judge(await foreign.sign(alice), options),
    "token_bad_signature",
  );
});

Deno.test("createVerifier() uses an RSA key only for allowed algorithms", async () => {
  const options = {
    secrets: [],
    publicKey: { path: "pss.pem", text: pss.pem },
  };
  const token = await pss.sign(alice);
  assertEquals(await judge(token, options), granted);
  assertEquals(
    await judge(token, { ...options, algorithms: ["RS256"] }),
    "token_wrong_algorithm",
  );
  assertEquals(
    await judge(token, { ...options, algorithms: ["RS256", "PS256"] }),
    granted,
  );
});

Deno.test("createVerifier() limits a JWK to its alg", async () => {
  const text = JSON.stringify({ ...pss.jwk, alg: "RS256" });
  const options = { secrets: [], publicKey: { path: "jwk", text } };
  assertEquals(
    await judge(await pss.sign(alice), options),
    "token_wrong_algorithm",
  );
});

Deno.test("createVerifier() never uses a public key as a secret", async () => {
  const attacker = assemble('{"alg":"HS256"}', '{"sub":"alice"}', rsa.pem);
  assertEquals(
    await judge(attacker, { secrets: [], publicKey: rsaFile }),
    "token_wrong_algorithm",
  );
  assertEquals(
    await judge(attacker, { publicKey: rsaFile }),
    "token_bad_signature",
  );
});

Deno.test("createVerifier() finds the keys of a JWK Set by kid", async () => {
  const [one, two] = [
    await makeIssuerKey("ES256", "one"),
    await makeIssuerKey("ES256", "two"),
  ];
  const text = JSON.stringify({ keys: [one.jwk, two.jwk] });
  const options = { publicKey: { path: "set", text } };
  assertEquals(await judge(await two.sign(alice), options), granted);
  const cases: [kid: string | undefined, expected: unknown][] = [
    ["one", "token_bad_signature"],
    ["three", "token_unknown_key"],
    [undefined, granted],
  ];
  for (const [kid, expected] of cases) {
    const token = await two.sign(alice, { kid });
    assertEquals(await judge(token, options), expected, kid);
  }
});

Deno.test("importKeys() allows the algorithms of the keys by default", async () => {
  const { algorithms } = await importKeys({ secrets: [testSecret] }, false);
  assertEquals(algorithms, secretAlgorithms);
  const withSet = await importKeys({ secrets: [] }, true);
  assertEquals(withSet.algorithms, publicKeyAlgorithms);
});

const unusable: [
  algorithms: JwtAlgorithm[],
  options: { secrets?: string[]; publicKey?: typeof rsaFile },
  message: string,
][] = [
  [
    ["RS256"],
    { secrets: [testSecret] },
    "RS256 without a matching key: remove the algorithm, or set TASKWIRE_JWT_PUBLIC_KEY",
  ],
  [["HS256"], { publicKey: rsaFile }, "set TASKWIRE_JWT_SECRET"],
  [["RS256", "ES256"], { publicKey: rsaFile }, "allows ES256 without"],
];

for (const [algorithms, options, message] of unusable) {
  Deno.test(`importKeys() refuses to allow ${algorithms} without a matching key`, async () => {
    await assertRejects(
      () => importKeys({ secrets: [], ...options, algorithms }, false),
      KeyError,
      message,
    );
  });
}

Deno.test("importKeys() names the unusable file", async () => {
  await assertRejects(
    () =>
      importKeys(
        { secrets: [], publicKey: { path: "a.pem", text: "" } },
        false,
      ),
    KeyError,
    "TASKWIRE_JWT_PUBLIC_KEY=a.pem cannot be used: ",
  );
});
