import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { secondsFromNow, signToken } from "../support/tokens.ts";
import { assemble, grantOf, hs256, judge } from "./judge_token.ts";
import type { TaskLimits } from "../../src/tasks/task_limits.ts";

const times: [
  claims: string,
  leewaySeconds: number,
  code?: string | undefined,
  expiresAtMs?: number,
][] = [
  ['"exp":1000', 0, "token_expired"], // RFC 7519 §4.1.4: 'on or after'
  ['"exp":1000.001', 0, undefined, 1_000_001],
  ['"exp":995', 5, "token_expired"],
  ['"exp":995.001', 5, undefined, 995_001],
  ['"exp":0', 5, "token_expired"],
  ['"exp":-1e308', 5, "token_expired"],
  ['"exp":1e308', 5, undefined, 8.64e15],
  ['"nbf":1000', 0],
  ['"nbf":1000.001', 0, "token_not_yet_valid"],
  ['"nbf":1005', 5],
  ['"nbf":1005.001', 5, "token_not_yet_valid"],
  ['"nbf":1e308', 5, "token_not_yet_valid"],
  ['"nbf":-1', 5],
  ['"exp":1001,"nbf":999', 0, undefined, 1_001_000],
  ['"iat":5000', 0], // irrelevant to validity (RFC 7519 §4.1.6)
];

for (const [claims, leewaySeconds, code, expiresAtMs] of times) {
  Deno.test(`createVerifier() at second 1000, leeway ${leewaySeconds}: ${claims} is ${code ?? "in time"}`, async () => {
    using _time = new FakeTime(1_000_000);
    const token = assemble(hs256, `{"sub":"alice",${claims}}`);
    assertEquals(
      await judge(token, { leewaySeconds }),
      code ?? grantOf("alice", expiresAtMs),
    );
  });
}

Deno.test("createVerifier() rejects a token after the expiry", async () => {
  using time = new FakeTime();
  const exp = secondsFromNow(60);
  const token = await signToken({ sub: "a", exp });
  assertEquals(typeof await judge(token), "object");
  time.tick(66_000);
  assertEquals(await judge(token), "token_expired");
});

const meant: [claims: string, code?: string][] = [
  ['"iss":"us","aud":"wire"'],
  ['"iss":"us","aud":["other","wire"]'],
  ['"aud":"wire"', "token_wrong_issuer"],
  ['"iss":"US","aud":"wire"', "token_wrong_issuer"],
  ['"iss":["us"],"aud":"wire"', "token_wrong_issuer"],
  ['"iss":null,"aud":"wire"', "token_wrong_issuer"],
  ['"iss":"us"', "token_wrong_audience"],
  ['"iss":"us","aud":"wir"', "token_wrong_audience"],
  ['"iss":"us","aud":"wires"', "token_wrong_audience"],
  ['"iss":"us","aud":[]', "token_wrong_audience"],
  ['"iss":"us","aud":[["wire"]]', "token_wrong_audience"],
  ['"iss":"us","aud":{"wire":true}', "token_wrong_audience"],
  ['"iss":"us","aud":null', "token_wrong_audience"],
];

for (const [claims, code] of meant) {
  Deno.test(`createVerifier() for issuer us and audience wire: ${claims} is ${code ?? "right"}`, async () => {
    const token = assemble(hs256, `{"sub":"alice",${claims}}`);
    const verdict = await judge(token, { issuer: "us", audience: "wire" });
    assertEquals(typeof verdict === "string" ? verdict : undefined, code);
  });
}

Deno.test("createVerifier() requires an issuer or audience only if configured", async () => {
  const token = assemble(hs256, '{"sub":"a","iss":"them","aud":["x"]}');
  assertEquals(await judge(token), grantOf("a"));
});

const users: [claims: string, userId?: string][] = [
  ['"sub":"alice"', "alice"],
  ['"sub":"007"', "007"],
  ['"sub":7', "7"],
  ['"sub":-7', "-7"],
  ['"sub":9007199254740991', "9007199254740991"],
  ['"sub":9007199254740992'],
  ['"sub":9007199254740993'],
  ['"sub":1.5'],
  ['"sub":""'],
  ['"sub":null'],
  ['"sub":true'],
  ['"sub":{}'],
  ['"sub":["alice"]'],
  ['"user_id":7', "7"],
  ['"user_id":"bob"', "bob"],
  ['"user_id":""'],
  ['"sub":"alice","user_id":"bob"', "alice"],
  ['"sub":0,"user_id":"bob"', "0"],
  ['"sub":1.5,"user_id":"bob"'], // user_id does not replace a bad sub
  ['"sub":"","user_id":"bob"'],
  ['"__proto__":{"sub":"alice"}'],
  ['"scope":"publish"'],
];

for (const [claims, userId] of users) {
  Deno.test(`createVerifier() reads {${claims}} as ${userId ?? "nobody"}`, async () => {
    const grant = await judge(assemble(hs256, `{${claims}}`));
    assert(typeof grant === "object");
    assertEquals(grant.userId, userId);
    assertEquals("userId" in grant, userId !== undefined);
  });
}

Deno.test("createVerifier() reads scopes, tasks and labels", async () => {
  const table: [claims: string, scopes: string[], limits?: TaskLimits][] = [
    ['"scope":"publish admin"', ["publish", "admin"]],
    ['"scope":"  publish  "', ["publish"]],
    ['"scope":""', []],
    ['"scope":["admin"]', []],
    ['"scope":null', []],
    ['"tasks":[]', [], { tasks: [] }],
    ['"tasks":["a","b*"]', [], { tasks: ["a", "b*"] }],
    ['"labels":["x","y*"]', [], { labels: ["x", "y*"] }],
  ];
  for (const [claims, scopes, limits] of table) {
    assertEquals(await judge(assemble(hs256, `{${claims}}`)), {
      scopes: new Set(scopes),
      ...limits,
    }, claims);
  }
});
