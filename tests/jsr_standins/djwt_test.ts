// The properties of djwt 3.0.2 needed by taskwire. The bare import runs the
// same tests against the stand-in and against the published package.
import * as djwt from "djwt";
import {
  create,
  decode,
  getNumericDate,
  type Header,
  type Payload,
  validate,
  verify,
  type VerifyOptions,
} from "djwt";
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";

const usages: KeyUsage[] = ["sign", "verify"];

function hmacKey(
  bits: 256 | 384 | 512,
  secret = "a secret that is long enough for a test",
): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: `SHA-${bits}` },
    false,
    usages,
  );
}

async function rsaKeys(
  name: "RSASSA-PKCS1-v1_5" | "RSA-PSS",
): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(
    {
      name,
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    false,
    usages,
  );
}

async function ecKeys(namedCurve: "P-256" | "P-384"): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve },
    false,
    usages,
  );
}

const hs256 = await hmacKey(256);

function base64url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll(
    "=",
    "",
  );
}

function tokenOf(payload: Payload, header: Header = { alg: "HS256" }) {
  return create(header, payload, hs256);
}

/** djwt distinguishes the two timing errors by class, and no other errors. */
async function assertRefused(
  jwt: string,
  key: CryptoKey | null = hs256,
  options?: VerifyOptions,
): Promise<void> {
  const error = await assertRejects(() => verify(jwt, key, options), Error);
  assertFalse(error instanceof RangeError, error.message);
}

async function assertUntimely(
  jwt: string,
  options?: VerifyOptions,
): Promise<void> {
  await assertRejects(() => verify(jwt, hs256, options), RangeError);
}

/** Changes a significant bit in the first character of a part. */
function tamper(jwt: string, part: 0 | 1 | 2): string {
  const parts = jwt.split(".");
  const changed = parts[part] ?? "";
  parts[part] = (changed.startsWith("A") ? "B" : "A") + changed.slice(1);
  return parts.join(".");
}

Deno.test("djwt exports what 3.0.2 documents", () => {
  assertEquals(Object.keys(djwt).sort(), [
    "create",
    "decode",
    "getNumericDate",
    "validate",
    "validateAudClaim",
    "validateTimingClaims",
    "verify",
  ]);
});

// RFC 7515, appendix A.1
const a1 = {
  token: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" +
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" +
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ" +
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  key: await crypto.subtle.importKey(
    "jwk",
    {
      kty: "oct",
      k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    },
    { name: "HMAC", hash: "SHA-256" },
    false,
    usages,
  ),
  payload: {
    iss: "joe",
    exp: 1300819380,
    "http://example.com/is_root": true,
  },
};

Deno.test("verify() accepts the example of RFC 7515 A.1", async () => {
  using _time = new FakeTime(1300819380_000);
  assertEquals(await verify(a1.token, a1.key), a1.payload);
});

Deno.test("decode() gives the header, claims and signature of RFC 7515 A.1", () => {
  const [header, payload, signature] = decode(a1.token);
  assertEquals(header, { typ: "JWT", alg: "HS256" });
  assertEquals(payload, a1.payload);
  assertEquals(signature.length, 32);
  assertEquals([...signature.slice(0, 4)], [116, 24, 223, 180]);
});

Deno.test("create() signs the JSON of header and claims as they stand", async () => {
  const [header, payload] = (await tokenOf({ b: 1, a: 2 })).split(".");
  assertEquals(header, base64url('{"alg":"HS256"}'));
  assertEquals(payload, base64url('{"b":1,"a":2}'));
});

Deno.test("create() makes the example token of jwt.io", async () => {
  const key = await hmacKey(256, "your-256-bit-secret");
  assertEquals(
    await create(
      { alg: "HS256", typ: "JWT" },
      { sub: "1234567890", name: "John Doe", iat: 1516239022 },
      key,
    ),
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" +
      ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2" +
      "MjM5MDIyfQ" +
      ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
  );
});

const payload = { sub: "it", connection_id: "c-1", nested: { list: [1, "é"] } };

for (const bits of [256, 384, 512] as const) {
  Deno.test(`verify() takes back what create() made, and nothing else, with HS${bits}`, async () => {
    const key = await hmacKey(bits);
    const jwt = await create({ alg: `HS${bits}` }, payload, key);
    assertEquals(await verify(jwt, key), payload);
    for (const part of [0, 1, 2] as const) {
      await assertRefused(tamper(jwt, part), key);
    }
  });
}

const pairs: [alg: Header["alg"], () => Promise<CryptoKeyPair>][] = [
  ["RS256", () => rsaKeys("RSASSA-PKCS1-v1_5")],
  ["PS256", () => rsaKeys("RSA-PSS")],
  ["ES256", () => ecKeys("P-256")],
  ["ES384", () => ecKeys("P-384")],
];
for (const [alg, generate] of pairs) {
  Deno.test(`verify() takes back what create() made, and nothing else, with ${alg}`, async () => {
    const { privateKey, publicKey } = await generate();
    const jwt = await create({ alg }, payload, privateKey);
    assertEquals(await verify(jwt, publicKey), payload);
    for (const part of [0, 1, 2] as const) {
      await assertRefused(tamper(jwt, part), publicKey);
    }
    const other = await generate();
    await assertRefused(jwt, other.publicKey);
  });
}

Deno.test("verify() lets the key fix the algorithm, whatever the header says", async () => {
  const hs512 = await hmacKey(512);
  const { publicKey } = await rsaKeys("RSA-PSS");
  const jwt = await tokenOf({});
  await assertRefused(jwt, hs512);
  await assertRefused(jwt, publicKey);
  await assertRefused(jwt, (await ecKeys("P-256")).publicKey);
  await assertRefused(jwt, null);
});

Deno.test("create() refuses a key of another algorithm", async () => {
  const claims: Payload = {};
  await assertRejects(() => create({ alg: "HS512" }, claims, hs256), Error);
  await assertRejects(() => create({ alg: "RS256" }, claims, hs256), Error);
  await assertRejects(() => create({ alg: "HS256" }, claims, null), Error);
  await assertRejects(() => create({ alg: "none" }, claims, hs256), Error);
  const unknown = "HS1" as Header["alg"];
  await assertRejects(() => create({ alg: unknown }, claims, hs256), Error);
  const { privateKey } = await ecKeys("P-384");
  await assertRejects(
    () => create({ alg: "ES256" }, claims, privateKey),
    Error,
  );
});

Deno.test("create() refuses claims that are not an object", async () => {
  for (const claims of [null, "text", 1, []]) {
    await assertRejects(
      () => tokenOf(claims as unknown as Payload),
      Error,
    );
  }
});

Deno.test("verify() accepts an unsecured token with no key, and only so", async () => {
  const unsecured = await create({ alg: "none" }, payload, null);
  assert(unsecured.endsWith("."));
  assertEquals(await verify(unsecured, null), payload);
  await assertRefused(unsecured, hs256);
  await assertRefused(`${unsecured}AAAA`, null);
  await assertRefused(await tokenOf({}), null);
});

Deno.test("verify() refuses an expired token with a RangeError, after a leeway of 1 s", async () => {
  using _time = new FakeTime(1_000_000);
  await verify(await tokenOf({ exp: 1000 }), hs256);
  await verify(await tokenOf({ exp: 999 }), hs256);
  await assertUntimely(await tokenOf({ exp: 998.9 }));
  await assertUntimely(await tokenOf({ exp: 0 }));
  await verify(await tokenOf({ exp: 990 }), hs256, { expLeeway: 10 });
  await assertUntimely(await tokenOf({ exp: 999 }), { expLeeway: 0 });
  await verify(await tokenOf({ exp: 0 }), hs256, { ignoreExp: true });
});

Deno.test("verify() refuses a token too early with a RangeError, after a leeway of 1 s", async () => {
  using _time = new FakeTime(1_000_000);
  await verify(await tokenOf({ nbf: 1001 }), hs256);
  await assertUntimely(await tokenOf({ nbf: 1001.1 }));
  await verify(await tokenOf({ nbf: 1010 }), hs256, { nbfLeeway: 10 });
  await assertUntimely(await tokenOf({ nbf: 1001 }), { nbfLeeway: 0 });
  await verify(await tokenOf({ nbf: 9999 }), hs256, { ignoreNbf: true });
});

Deno.test("verify() checks the claims before the signature", async () => {
  await assertUntimely(tamper(await tokenOf({ exp: 0 }), 2));
});

Deno.test("verify() refuses exp or nbf that is not a number", async () => {
  for (const value of ["9999999999", null, true, [9999999999]]) {
    for (const claim of ["exp", "nbf"]) {
      await assertRefused(await tokenOf({ [claim]: value }));
      await assertRefused(
        await tokenOf({ [claim]: value }),
        hs256,
        { ignoreExp: true, ignoreNbf: true },
      );
    }
  }
});

Deno.test("verify() matches the audience by string, array and pattern", async () => {
  const accepted: [string | string[], string | string[] | RegExp][] = [
    ["a", "a"],
    [["a", "b"], "b"],
    ["a", ["x", "a"]],
    [["a", "b"], ["x", "b"]],
    ["task-7", /^task-\d$/],
    [["a", "task-7"], /^task-\d$/],
  ];
  for (const [aud, audience] of accepted) {
    const jwt = await tokenOf({ aud });
    await verify(jwt, hs256, { audience });
  }
  const refused: [unknown, string | string[] | RegExp][] = [
    ["a", "b"],
    ["ab", "a"],
    [["a"], ["b"]],
    [[], "a"],
    ["a", []],
    ["a", /^b/],
    [undefined, "a"],
    [undefined, /.*/],
    [1, "a"],
    [["a", 1], "a"],
    [null, "a"],
  ];
  for (const [aud, audience] of refused) {
    const jwt = await tokenOf({ aud } as Payload);
    await assertRefused(jwt, hs256, { audience });
    await verify(jwt, hs256);
  }
});

Deno.test("verify() asks every predicate", async () => {
  const jwt = await tokenOf({ iss: "us" });
  const ours = (claims: Payload) => claims.iss === "us";
  await verify(jwt, hs256, { predicates: [ours, ours] });
  await assertRefused(jwt, hs256, { predicates: [ours, () => false] });
});

Deno.test("verify() checks neither iss, typ nor a well-formed crit", async () => {
  const jwt = await tokenOf(
    { iss: "anybody" },
    { alg: "HS256", typ: "odd", crit: ["x"], x: 1 },
  );
  assertEquals(await verify(jwt, hs256), { iss: "anybody" });
});

const header = base64url('{"alg":"HS256"}');
const claims = base64url("{}");
const malformed: [what: string, jwt: string][] = [
  ["nothing", ""],
  ["one part", header],
  ["two parts", `${header}.${claims}`],
  ["four parts", `${header}.${claims}.AAAA.AAAA`],
  ["five parts, as of a JWE", "e30.e30.e30.e30.e30"],
  ["an empty header", `.${claims}.AAAA`],
  ["an empty payload", `${header}..AAAA`],
  ["a header that is not JSON", `${base64url("alg")}.${claims}.AAAA`],
  ["a payload that is not JSON", `${header}.${base64url("{")}.AAAA`],
  ["a character of plain base64", `${header}.${claims}.AA+A`],
  ["a character of no alphabet", `${header}.${claims}.AA!A`],
  ["whitespace", `${header}.${claims}. AAAA`],
  ["a line break at the end", `${header}.${claims}.AAAA\n`],
  ["an impossible length", `${header}.${claims}.AAAAA`],
];
for (const [what, jwt] of malformed) {
  Deno.test(`decode() and verify() refuse ${what}`, async () => {
    assertThrows(() => decode(jwt), Error);
    await assertRefused(jwt);
  });
}

const misshapen: [what: string, header: string, payload: string][] = [
  ["a header without alg", "{}", "{}"],
  ["a header whose alg is not a string", '{"alg":1}', "{}"],
  ["a header that is null", "null", "{}"],
  ["claims that are an array", '{"alg":"HS256"}', "[]"],
  ["claims that are null", '{"alg":"HS256"}', "null"],
  ["claims that are text", '{"alg":"HS256"}', '"text"'],
];
for (const [what, header, payload] of misshapen) {
  Deno.test(`validate() and verify() refuse ${what}`, async () => {
    const jwt = `${base64url(header)}.${base64url(payload)}.AAAA`;
    const [one, two, three] = decode(jwt);
    assertThrows(() => validate([one, two, three]), Error);
    await assertRefused(jwt);
  });
}

Deno.test("decode() accepts padding", () => {
  assertEquals(decode("e30=.e30=.AA==")[2], new Uint8Array(1));
});

Deno.test("validate() returns the parts by name", () => {
  const signature = new Uint8Array(1);
  assertEquals(validate([{ alg: "HS256" }, { exp: 9e9 }, signature]), {
    header: { alg: "HS256" },
    payload: { exp: 9e9 },
    signature,
  });
});

Deno.test("getNumericDate() gives seconds, of a moment and from now", () => {
  using _time = new FakeTime(1_000_400);
  assertEquals(getNumericDate(60), 1060);
  assertEquals(getNumericDate(-60), 940);
  assertEquals(getNumericDate(0.2), 1001);
  assertEquals(getNumericDate(new Date(5_500)), 6);
});
