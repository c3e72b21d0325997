import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { createServices } from "../../src/create_services.ts";
import type { Services } from "../../src/services.ts";
import { type Answer, answerOf } from "../support/answer.ts";
import { captureLog } from "../support/captured_log.ts";
import { scrape } from "../support/scrape.ts";
import { startTestServer, testApiKey, testConfig } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** Publishes with an `Authorization` header; returns the answer. */
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
    }, { remoteAddr: { hostname: "192.0.2.1" } }),
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
  Deno.test(`requireScope() answers 401 to ${criterion}, with any scope`, async () => {
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

Deno.test("requireScope() accepts an API key without the verifier", async () => {
  const verifier = { verify: () => Promise.reject(new Error("down")) };
  assertEquals(
    (await publishAs(`Bearer ${testApiKey}`, { verifier })).status,
    201,
  );
});

Deno.test("requireScope() answers 500 if the verifier fails", async () => {
  const verifier = { verify: () => Promise.reject(new Error("down")) };
  assertEquals((await publishAs("Bearer something", { verifier })).status, 500);
});

Deno.test("requireScope() rejects before reading the body", async () => {
  const app = createApp(await createServices(testConfig()));
  const body = "x".repeat(1_000_000);
  const answer = await answerOf(
    app.request("/api/tasks/a/events", { method: "POST", body }),
  );
  assertEquals(answer.status, 401);
});

/** Returns the non-zero counts of credentials. */
async function countedCredentials(origin: string): Promise<object> {
  const { samples } = await scrape(origin);
  const counted = [...samples].filter(([name, count]) =>
    name.startsWith("taskwire_credentials_total") && count > 0
  );
  return Object.fromEntries(
    counted.map(([name, count]) => [/"(.*)"/.exec(name)?.[1], count]),
  );
}

Deno.test("requireScope() counts credentials by verdict, and logs wrong ones once", async () => {
  await using server = await startTestServer();
  using log = captureLog("warn");
  const call = async (credential?: string) => {
    const headers = credential === undefined
      ? undefined
      : { Authorization: `Bearer ${credential}` };
    const { status } = await answerOf(
      fetch(`${server.origin}/api/stats`, headers && { headers }),
    );
    return status;
  };
  assertEquals(await call(), 401);
  assertEquals(await call(await signToken({ scope: "admin" })), 200);
  assertEquals(await call(await signToken({ scope: "publish" })), 403);
  for (let guess = 1; guess <= 5; guess += 1) {
    assertEquals(await call(`guess-${guess}`), 401);
  }
  assertEquals(await countedCredentials(server.origin), {
    api_key: 1, // of the scrape
    token: 1,
    missing: 1,
    insufficient_scope: 1,
    wrong: 5,
  });
  const lines = log.text.trimEnd().split("\n");
  assertEquals(lines.length, 1);
  assertStringIncludes(log.text, "127.0.0.1");
  assertFalse(log.text.includes("guess-"));
});

Deno.test("requireScope() delays only wrong credentials, after 10 from an address", async () => {
  await using server = await startTestServer({ config: { trustProxy: 1 } });
  const { badTokens } = server.services;
  const delays: [address: string, delayMs: number][] = [];
  const { delayMs } = badTokens;
  badTokens.delayMs = (address) => {
    const delay = delayMs.call(badTokens, address);
    delays.push([address, delay]);
    return Math.min(delay, 1);
  };
  const call = async (key: string, address: string) => {
    const headers = {
      Authorization: `Bearer ${key}`,
      "X-Forwarded-For": address,
    };
    const url = `${server.origin}/api/stats`;
    return (await answerOf(fetch(url, { headers }))).status;
  };
  for (let count = 1; count <= 12; count += 1) {
    assertEquals(await call("wrong", "192.0.2.1"), 401);
  }
  assertEquals(await call(testApiKey, "192.0.2.1"), 200);
  assertEquals(await call("wrong", "192.0.2.2"), 401);
  assertEquals(delays, [
    ...Array.from({ length: 10 }, () => ["192.0.2.1", 0] as [string, number]),
    ["192.0.2.1", 100],
    ["192.0.2.1", 200],
    ["192.0.2.2", 0],
  ]);
});

Deno.test("requireScope() answers 429 at once if too many wrong credentials from an address are waiting", async () => {
  await using server = await startTestServer();
  const { badTokens } = server.services;
  for (let count = 0; count < 20; count += 1) badTokens.note("127.0.0.1");
  const ends = Array.from(
    { length: 100 },
    () => badTokens.beginDelay("127.0.0.1"),
  );
  const call = async (key: string) => {
    const headers = { Authorization: `Bearer ${key}` };
    return (await answerOf(fetch(`${server.origin}/api/stats`, { headers })))
      .status;
  };
  assertEquals(await call("wrong"), 429);
  assertEquals(await call(testApiKey), 200);
  for (const end of ends) end?.();
  assertEquals(await call("wrong"), 401);
});

Deno.test("realtimeEndpoint() and requireScope() count an address's wrong credentials together", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/realtime/a?token=bad"));
  await socket.nextOf("sync");
  await answerOf(fetch(`${server.origin}/api/stats`, {
    headers: { Authorization: "Bearer wrong" },
  }));
  for (let count = 3; count <= 11; count += 1) {
    server.services.badTokens.note("127.0.0.1");
  }
  assertEquals(server.services.badTokens.delayMs("127.0.0.1"), 100);
});
