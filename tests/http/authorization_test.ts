import { assertEquals } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { createServices } from "../../src/create_services.ts";
import { bearerCredential } from "../../src/http/authorization.ts";
import type { Services } from "../../src/services.ts";
import { type Answer, answerOf } from "../support/answer.ts";
import { testApiKey, testConfig } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** Publishes with an `Authorization` header; what the API answers. */
async function publishAs(
  authorization: string | undefined,
  overrides: Partial<Services> = {},
): Promise<Answer> {
  const services = { ...await createServices(testConfig()), ...overrides };
  return await answerOf(
    createApp(services).request("/api/tasks/a/events", {
      method: "POST",
      headers: authorization === undefined
        ? {}
        : { Authorization: authorization },
      body: "{}",
    }),
  );
}

for (
  const authorization of [
    `Bearer ${testApiKey}`,
    `bearer ${testApiKey}`,
    `BEARER   ${testApiKey}`,
  ]
) {
  Deno.test(`requireScope() passes the API key in '${authorization}'`, async () => {
    assertEquals((await publishAs(authorization)).status, 201);
  });
}

for (const scope of ["publish", "admin", "other publish", "admin other"]) {
  Deno.test(`requireScope() passes a token with the scope '${scope}'`, async () => {
    const token = await signToken({ scope });
    assertEquals((await publishAs(`Bearer ${token}`)).status, 201);
  });
}

for (
  const [criterion, authorization] of [
    ["nothing", undefined],
    ["an empty header", ""],
    ["the key alone", testApiKey],
    ["another scheme", `Basic ${testApiKey}`],
    ["no key", "Bearer "],
    ["a wrong key", "Bearer wrong"],
    ["the beginning of a key", `Bearer ${testApiKey.slice(0, -1)}`],
    ["a key and more", `Bearer ${testApiKey}x`],
    ["two keys", `Bearer ${testApiKey} ${testApiKey}`],
  ] as const
) {
  Deno.test(`requireScope() answers 401 with a challenge to ${criterion}`, async () => {
    const answer = await publishAs(authorization);
    assertEquals(answer.status, 401);
    assertEquals(answer.headers.get("www-authenticate"), "Bearer");
    assertEquals(
      answer.headers.get("content-type"),
      "application/problem+json",
    );
    assertEquals(answer.json().code, "unauthorized");
    assertEquals(answer.text.includes(testApiKey), false);
  });
}

for (
  const [criterion, claims, options] of [
    ["an expired token", { exp: secondsFromNow(-60) }, {}],
    ["a token signed with another key", {}, {
      secret: "another secret, of 32 bytes and more",
    }],
  ] as const
) {
  Deno.test(`requireScope() answers 401 to ${criterion}, scope or not`, async () => {
    const token = await signToken({ scope: "publish", ...claims }, options);
    const answer = await publishAs(`Bearer ${token}`);
    assertEquals(answer.status, 401);
    assertEquals(answer.headers.get("www-authenticate"), "Bearer");
    assertEquals(answer.text.includes(token), false);
  });
}

for (
  const [criterion, claims] of [
    ["without a scope", { sub: "42" }],
    ["with another scope", { scope: "read watch" }],
    ["with a scope that only begins alike", { scope: "publisher" }],
    ["with a scope of other letters", { scope: "Publish" }],
    ["whose scope is a list", { scope: ["publish"] as never }],
  ] as const
) {
  Deno.test(`requireScope() answers 403 to a valid token ${criterion}`, async () => {
    const answer = await publishAs(`Bearer ${await signToken(claims)}`);
    assertEquals([answer.status, answer.json().code], [
      403,
      "insufficient_scope",
    ]);
    assertEquals(answer.headers.get("www-authenticate"), null);
  });
}

Deno.test("requireScope() asks no verifier about an API key", async () => {
  const verifier = { verify: () => Promise.reject(new Error("down")) };
  assertEquals(
    (await publishAs(`Bearer ${testApiKey}`, { verifier })).status,
    201,
  );
});

Deno.test("requireScope() answers 500, never 201, where the verifier fails", async () => {
  const verifier = { verify: () => Promise.reject(new Error("down")) };
  assertEquals((await publishAs("Bearer something", { verifier })).status, 500);
});

Deno.test("requireScope() refuses before the body is looked at", async () => {
  const app = createApp(await createServices(testConfig()));
  const body = "x".repeat(1_000_000);
  const answer = await answerOf(
    app.request("/api/tasks/a/events", { method: "POST", body }),
  );
  assertEquals(answer.status, 401);
});

for (
  const [header, credential] of [
    ["Bearer a.b.c", "a.b.c"],
    ["bearer   a  ", "a"],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Basic YTpi", undefined],
    ["", undefined],
    [undefined, undefined],
  ] as const
) {
  Deno.test(`bearerCredential() reads ${credential} from '${header}'`, () => {
    assertEquals(bearerCredential(header), credential);
  });
}
