import { assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Payload } from "djwt";
import {
  checkClaims,
  type ClaimChecks,
  readGrant,
  Rejected,
} from "../../src/auth/claims.ts";

/** The current time in the tests, in seconds since 1970. */
const now = 1_000_000;

/** Returns the code of the rejection; `undefined` if the claims pass. */
function codeOf(claims: Payload, checks: Partial<ClaimChecks> = {}) {
  using _ = new FakeTime(now * 1_000);
  try {
    checkClaims(claims, { leewaySeconds: 5, ...checks });
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.code;
    throw error;
  }
}

const table: [
  what: string,
  claims: Payload,
  checks: Partial<ClaimChecks>,
  code: string | undefined,
][] = [
  ["no claims if none are required", {}, {}, undefined],
  ["a token that expires later", { exp: now + 1 }, {}, undefined],
  ["a token that expired within the leeway", { exp: now - 4 }, {}, undefined],
  ["a token that expired a leeway ago", { exp: now - 5 }, {}, "token_expired"],
  ["an exp of 0", { exp: 0 }, {}, "token_expired"],
  [
    "a token that expires now, without leeway",
    { exp: now },
    { leewaySeconds: 0 },
    "token_expired",
  ],
  ["a token valid from now", { nbf: now }, {}, undefined],
  ["a token valid within the leeway", { nbf: now + 5 }, {}, undefined],
  [
    "a token valid after the leeway",
    { nbf: now + 6 },
    {},
    "token_not_yet_valid",
  ],
  ["any issuer if none is required", { iss: "them" }, {}, undefined],
  ["the required issuer", { iss: "us" }, { issuer: "us" }, undefined],
  ["another issuer", { iss: "US" }, { issuer: "us" }, "token_wrong_issuer"],
  ["no issuer", {}, { issuer: "us" }, "token_wrong_issuer"],
  ["any audience if none is required", { aud: "them" }, {}, undefined],
  ["the required audience", { aud: "us" }, { audience: "us" }, undefined],
  [
    "the required audience among several",
    { aud: ["them", "us"] },
    { audience: "us" },
    undefined,
  ],
  [
    "another audience",
    { aud: "us too" },
    { audience: "us" },
    "token_wrong_audience",
  ],
  ["no audience", {}, { audience: "us" }, "token_wrong_audience"],
  [
    "an empty list of audiences",
    { aud: [] },
    { audience: "us" },
    "token_wrong_audience",
  ],
];

for (const [what, claims, checks, code] of table) {
  Deno.test(`checkClaims() ${code ? `answers ${code} to` : "passes"} ${what}`, () => {
    assertEquals(codeOf(claims, checks), code);
  });
}

Deno.test("checkClaims() says how long ago a token expired, or when a token becomes valid", () => {
  using _ = new FakeTime(now * 1_000);
  const check = (claims: Payload) => () =>
    checkClaims(claims, { leewaySeconds: 0 });
  assertThrows(check({ exp: now - 90 }), Rejected, "expired 90 s ago");
  assertThrows(check({ nbf: now + 90 }), Rejected, "becomes valid in 90 s");
});

const grants: [claims: Payload, grant: unknown][] = [
  [{}, { scopes: new Set() }],
  [{ sub: "42" }, { userId: "42", scopes: new Set() }],
  [{ user_id: 42 }, { userId: "42", scopes: new Set() }],
  [{ sub: "a", user_id: "b" }, { userId: "a", scopes: new Set() }],
  [{ sub: "" }, { scopes: new Set() }],
  [{ scope: " publish  admin " }, { scopes: new Set(["publish", "admin"]) }],
  [{ scope: ["admin"] }, { scopes: new Set() }],
  [{ tasks: [] }, { scopes: new Set(), tasks: [] }],
  [{ tasks: ["a", "b*"] }, { scopes: new Set(), tasks: ["a", "b*"] }],
];

for (const [claims, grant] of grants) {
  Deno.test(`readGrant() reads ${JSON.stringify(claims)}`, () => {
    const result = readGrant(claims);
    assertEquals(result, grant as typeof result);
  });
}

for (const tasks of ["upload_1", "*", null, {}, [1], ["a", null]]) {
  Deno.test(`readGrant() rejects the tasks ${JSON.stringify(tasks)}`, () => {
    const error = assertThrows(() => readGrant({ sub: "42", tasks }), Rejected);
    assertEquals(error.code, "token_malformed");
  });
}
