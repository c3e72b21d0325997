import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { secretAlgorithms } from "../../src/auth/algorithms.ts";
import {
  createVerifier,
  type VerifierOptions,
} from "../../src/auth/verifier.ts";
import { testSecret } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";
import {
  alice,
  assemble,
  grantOf,
  hs256,
  judge,
  otherSecret,
  sign,
} from "./judge_token.ts";

type Table = readonly (readonly [
  what: string,
  token: string | Promise<string>,
  options?: Partial<VerifierOptions>,
])[];

function testEach(criterion: string, code: string, table: Table): void {
  for (const [what, token, options] of table) {
    Deno.test(`createVerifier() ${criterion}: ${what}`, async () => {
      assertEquals(await judge(await token, options), code);
    });
  }
}

const [header = "", claims = "", signature = ""] = assemble(hs256, alice)
  .split(".");

testEach("rejects as malformed", "token_malformed", [
  ["nothing", ""],
  ["an opaque word", "0123456789abcdef"],
  ["dots", ".."],
  ["2 parts", `${header}.${claims}`],
  ["4 parts", `${header}.${claims}.${signature}.${signature}`],
  ["'Bearer' before the token", `Bearer ${header}.${claims}.${signature}`],
  ["quotes", `"${header}.${claims}.${signature}"`],
  ["a space before", ` ${header}.${claims}.${signature}`],
  ["a line feed after", `${header}.${claims}.${signature}\n`],
  ["a space inside", `${header}. ${claims}.${signature}`],
  ["the alphabet of plain base64", sign(`${header}.eyJzdWIiOiI/Pz8+Pj4ifQ==`)],
  ["letters outside base64", "é.é.é"],
  ["a header that is not JSON", assemble("alg=HS256", alice)],
  ["a header that is a list", assemble('["HS256"]', alice)],
  ["a header that is null", assemble("null", alice)],
  ["a header without alg", assemble("{}", alice)],
  ["an alg that is not a string", assemble('{"alg":["HS256"]}', alice)],
  ["claims that are not JSON", assemble(hs256, '{"sub":"alice","exp":NaN}')],
  ["claims that are a list", assemble(hs256, "[]")],
  ["claims that are null", assemble(hs256, "null")],
  ["claims that are a string", assemble(hs256, '"alice"')],
  ["20 KB", assemble(hs256, `{"sub":"${"a".repeat(15_000)}"}`)],
  ["crit", assemble('{"alg":"HS256","crit":["exp"],"exp":1}', alice)],
  ["an empty crit", assemble('{"alg":"HS256","crit":[]}', alice)],
  ["a crit of null", assemble('{"alg":"HS256","crit":null}', alice)],
  ["tasks that are a string", assemble(hs256, '{"sub":"a","tasks":"*"}')],
  ["tasks that are numbers", assemble(hs256, '{"sub":"a","tasks":[1]}')],
  ["tasks that are null", assemble(hs256, '{"sub":"a","tasks":null}')],
  ...["exp", "nbf"].flatMap((claim) =>
    ['"9999999999"', "null", "true", "[]", "{}", "1e400"].map((value) =>
      [
        `${claim} as ${value}`,
        assemble(hs256, `{"sub":"a","${claim}":${value}}`),
      ] as const
    )
  ),
]);

Deno.test("createVerifier() rejects as malformed: text that is not UTF-8", async () => {
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  const tokens = [
    assemble(hs256, latin1('{"sub":"Andr\xe9"}')),
    assemble(latin1('{"alg":"HS256","kid":"\xe9"}'), alice),
  ];
  for (const token of tokens) {
    assertEquals(await judge(token), "token_malformed");
  }
});

testEach("rejects the algorithm", "token_wrong_algorithm", [
  ...["none", "None", "NONE", "hs256", "", "__proto__"].map((alg) =>
    [
      `'${alg}', unsigned`,
      assemble(JSON.stringify({ alg }), alice).replace(/[^.]*$/, ""),
    ] as const
  ),
  ["'none', signed", assemble('{"alg":"none"}', alice)],
  ["RS256, with the secret as key", assemble('{"alg":"RS256"}', alice)],
  ["ES256", assemble('{"alg":"ES256"}', alice)],
  ["HS512, which the allow-list lacks", signToken({}, { algorithm: "HS512" }), {
    algorithms: ["HS256", "HS384"],
  }],
]);

testEach("rejects the signature", "token_bad_signature", [
  ["an empty signature", `${header}.${claims}.`],
  ["another secret's", assemble(hs256, alice, otherSecret)],
  ["another token's", `${header}.eyJzdWIiOiJib2IifQ.${signature}`],
  ["another algorithm's", assemble('{"alg":"HS384"}', alice)],
  ["half a signature", `${header}.${claims}.${signature.slice(0, 22)}`],
  [
    "another secret's, of an expired token",
    assemble(hs256, '{"sub":"a","exp":1}', otherSecret),
  ],
  [
    "another secret's, of a token not valid yet",
    assemble(hs256, '{"nbf":1e12}', otherSecret),
  ],
  [
    "another secret's, of a token of another issuer",
    assemble(hs256, '{"iss":"x"}', otherSecret),
    {
      issuer: "us",
    },
  ],
]);

Deno.test("createVerifier() accepts each algorithm of secrets", async () => {
  for (const algorithm of secretAlgorithms) {
    assertEquals(
      await judge(await signToken({ sub: "a", exp: 9e9 }, { algorithm })),
      grantOf("a", 9e12),
    );
  }
});

Deno.test("createVerifier() names the accepted algorithms", async () => {
  const verifier = await createVerifier({
    secrets: [testSecret],
    algorithms: ["HS384", "HS512"],
    leewaySeconds: 0,
  });
  const verdict = await verifier.verify(assemble(hs256, alice));
  assert(!verdict.ok);
  assertStringIncludes(verdict.rejection.message, "HS384, HS512");
});

Deno.test("createVerifier() accepts both secrets of a rotation, in any order", async () => {
  for (
    const secrets of [[testSecret, otherSecret], [otherSecret, testSecret]]
  ) {
    for (const secret of secrets) {
      const token = await signToken({ sub: "a", exp: 9e9 }, { secret });
      assertEquals(await judge(token, { secrets }), grantOf("a", 9e12));
    }
    const foreign = await signToken({}, { secret: "a third".padEnd(32, ".") });
    assertEquals(await judge(foreign, { secrets }), "token_bad_signature");
  }
});

Deno.test("createVerifier() rejects an empty secret", async () => {
  await assertRejects(
    () => createVerifier({ secrets: [""], leewaySeconds: 0 }),
    DOMException,
  );
});

Deno.test("createVerifier() grants nothing new to a changed token", async () => {
  const token = assemble(hs256, alice);
  const verifier = await createVerifier({
    secrets: [testSecret],
    leewaySeconds: 0,
  });
  const tampered = fc.tuple(
    fc.nat(token.length),
    fc.nat(3),
    fc.oneof(fc.string(), fc.constantFrom("=", ".", "A", "-", "\n")),
  ).map(([at, removed, added]) =>
    token.slice(0, at) + added + token.slice(at + removed)
  );
  await fc.assert(fc.asyncProperty(tampered, async (token) => {
    const verdict = await verifier.verify(token); // the promise never rejects
    if (verdict.ok) assertEquals(verdict.grant.userId, "alice");
  }));
});
