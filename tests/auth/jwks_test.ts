import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { stub } from "@std/testing/mock";
import { KeySet } from "../../src/auth/jwks.ts";
import { createVerifier } from "../../src/auth/verifier.ts";
import { captureLog } from "../support/captured_log.ts";
import { type KeyServer, startKeyServer } from "../support/key_server.ts";
import { makeIssuerKey } from "../support/keys.ts";

const one = await makeIssuerKey("ES256", "one");
const two = await makeIssuerKey("RS256", "two");
/** Claims valid for centuries, even if the fake clock advances. */
const alice = { sub: "alice", exp: 9e9 };
const byOne = await one.sign(alice);
const byTwo = await two.sign(alice);
const byUnknown = await one.sign(alice, { kid: "unknown" });

/** Creates a verifier with only the key set of a server. */
async function verifierFor({ url }: Pick<KeyServer, "url">) {
  let failures = 0;
  const keySet = new KeySet(url, { onFailure: () => failures += 1 });
  const verifier = await createVerifier({
    secrets: [],
    keySet,
    leewaySeconds: 0,
  });
  return {
    failures: () => failures,
    [Symbol.dispose]: () => keySet[Symbol.dispose](),
    /** Returns 'ok', or the code of the rejection. */
    async judge(token: string): Promise<string> {
      const verdict = await verifier.verify(token);
      return verdict.ok ? "ok" : verdict.rejection.code;
    },
  };
}

Deno.test("KeySet finds keys by kid, with a single request", async () => {
  await using server = startKeyServer({ keys: [one.jwk, two.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(server.requests, 0, "read when first needed");
  const tokens = Array.from(
    { length: 50 },
    (_, n) => one.sign({ sub: `${n}` }),
  );
  const verdicts = await Promise.all(
    (await Promise.all([...tokens, byTwo])).map(judge),
  );
  assertEquals(new Set(verdicts), new Set(["ok"]));
  assertEquals(server.requests, 1);
});

Deno.test("KeySet tries all keys of the algorithm for a token without kid", async () => {
  const other = await makeIssuerKey("ES256", "other");
  await using server = startKeyServer({ keys: [other.jwk, two.jwk, one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(await one.sign(alice, { kid: undefined })), "ok");
});

Deno.test("KeySet limits a key to its alg", async () => {
  const jwk = { ...two.jwk, alg: "RS512" };
  await using server = startKeyServer({ keys: [jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byTwo), "token_wrong_algorithm");
  assertEquals(server.requests, 1);
});

Deno.test("KeySet ignores unusable keys, with a debug line each", async () => {
  using log = captureLog();
  const others = [
    { ...one.jwk, use: "enc" },
    { kty: "oct", k: "AAAA", kid: "one" },
    { kty: "OKP", crv: "Ed25519", x: "AAAA", kid: "one" },
    { ...one.jwk, alg: "HS256" },
    { ...one.jwk, x: one.jwk.y },
    { ...one.jwk, d: "private-part" },
    null,
    "key",
  ];
  await using server = startKeyServer({ keys: [...others, two.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byTwo), "ok");
  assertEquals(await judge(byOne), "token_unknown_key");
  assertEquals(log.text.match(/Ignored key/g)?.length, others.length);
  assertFalse(log.text.includes("private-part"));
});

Deno.test("KeySet reads again for an unknown kid, at most once a minute", async () => {
  using time = new FakeTime();
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byOne), "ok");
  server.answer = { keys: [one.jwk, two.jwk] };
  assertEquals(await judge(byTwo), "ok"); // the first rotation causes no delay
  assertEquals(server.requests, 2);

  const flood = Array.from(
    { length: 100 },
    (_, n) => one.sign(alice, { kid: `unknown-${n}` }),
  );
  const tokens = await Promise.all(flood);
  for (let second = 0; second < 180; second += 1) {
    assertEquals(await judge(tokens[second % 100] ?? ""), "token_unknown_key");
    time.tick(1_000);
  }
  assertEquals(new Set(await Promise.all(tokens.map(judge))).size, 1);
  assert(server.requests <= 2 + 3, `${server.requests} requests`);
  assert(server.requests >= 2 + 2, `${server.requests} requests`);
});

Deno.test("KeySet reads only once for the first token", async () => {
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byTwo), "token_unknown_key");
  assertEquals(server.requests, 1);
});

Deno.test("KeySet drops a removed key after ten minutes, even without new tokens", async () => {
  using time = new FakeTime();
  await using server = startKeyServer({ keys: [one.jwk, two.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byOne), "ok");
  server.answer = { keys: [two.jwk] };
  time.tick(599_000);
  assertEquals([await judge(byOne), server.requests], ["ok", 1]);
  time.tick(1_000);
  // An unknown kid waits for the read begun by the clock.
  assertEquals(await judge(byUnknown), "token_unknown_key");
  assertEquals(await judge(byOne), "token_unknown_key");
  assertEquals(server.requests, 2);
});

Deno.test("KeySet verifies with known keys while the issuer hangs", async () => {
  using time = new FakeTime();
  await using server = startKeyServer({ keys: [one.jwk, two.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byOne), "ok");
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  server.answer = () => {
    asked.resolve();
    return answered.promise;
  };
  time.tick(600_000);
  await asked.promise;
  // The fake clock stands still, so that waiting for the issuer would never end.
  assertEquals([await judge(byOne), await judge(byTwo)], ["ok", "ok"]);
  answered.resolve(Response.json({ keys: [two.jwk] }));
  assertEquals(await judge(byUnknown), "token_unknown_key");
  assertEquals(await judge(byOne), "token_unknown_key");
});

Deno.test("KeySet reads on time despite changes of the wall clock", async () => {
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  const now = Date.now();
  {
    using _ = stub(Date, "now", () => now + 86_400_000);
    assertEquals(await judge(byOne), "ok");
  }
  server.answer = { keys: [two.jwk] };
  assertEquals(await judge(byTwo), "ok");
});

Deno.test("KeySet tries even the 17th key without kid", async () => {
  const others = await Promise.all(
    Array.from({ length: 16 }, () => makeIssuerKey("ES256", "other")),
  );
  const keys = [...others, one].map(({ jwk }) => ({ ...jwk, kid: undefined }));
  await using server = startKeyServer({ keys });
  using issuer = await verifierFor(server);
  assertEquals(await issuer.judge(byOne), "ok");
});

Deno.test("KeySet forgets verified tokens when its keys change", async () => {
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  assertEquals(await judge(byOne), "ok");
  server.answer = { keys: [two.jwk] };
  assertEquals(await judge(byTwo), "ok");
  assertEquals(await judge(byOne), "token_unknown_key");
});

Deno.test("KeySet keeps known keys while the issuer fails, and warns once per attempt", async () => {
  using time = new FakeTime();
  using log = captureLog("warn");
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge, failures } = issuer;
  assertEquals(await judge(byOne), "ok");
  server.answer = () => new Response("down", { status: 500 });
  time.tick(600_000);
  for (let count = 0; count < 50; count += 1) {
    assertEquals(await judge(byOne), "ok");
    assertEquals(await judge(byTwo), "token_unknown_key");
  }
  assertEquals([server.requests, failures()], [2, 1]);
  assertEquals(log.text.trimEnd().split("\n").length, 1);
  assertStringIncludes(log.text, "HTTP 500");
  assertStringIncludes(log.text, "/jwks.json");
  assertFalse(log.text.includes("secret=q"), log.text);

  server.answer = { keys: [two.jwk] };
  time.tick(60_000);
  assertEquals(await judge(byTwo), "ok");
});

const unreadable: Record<string, unknown> = {
  "not a JWK Set": [one.jwk],
  "more than 100 keys": { keys: Array.from({ length: 101 }, () => one.jwk) },
};

for (const [reason, set] of Object.entries(unreadable)) {
  Deno.test(`KeySet rejects ${reason}, and logs the reason once`, async () => {
    using log = captureLog("warn");
    await using server = startKeyServer(() => Response.json(set));
    using issuer = await verifierFor(server);
    const { judge, failures } = issuer;
    assertEquals(await judge(byOne), "verifier_unavailable");
    assertEquals(await judge(byTwo), "verifier_unavailable");
    assertEquals(failures(), 1);
    assertEquals(log.text.trimEnd().split("\n").length, 1);
    assertStringIncludes(log.text, reason);
  });
}

Deno.test("KeySet gives up on a silent server after 5 s", async () => {
  using time = new FakeTime();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  await using server = startKeyServer(() => {
    asked.resolve();
    return answered.promise;
  });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  const judging = Promise.all([judge(byOne), judge(byTwo)]);
  await asked.promise;
  time.tick(5_000);
  assertEquals(await judging, ["verifier_unavailable", "verifier_unavailable"]);
  assertEquals(server.requests, 1);
  answered.resolve(new Response());

  server.answer = { keys: [one.jwk] };
  assertEquals(await judge(byOne), "verifier_unavailable", "not at once");
  time.tick(5_000); // sooner than a minute: no key is known yet
  assertEquals(await judge(byOne), "ok");
});

Deno.test("KeySet is not read for tokens that no public key can have signed", async () => {
  await using server = startKeyServer({ keys: [one.jwk] });
  using issuer = await verifierFor(server);
  const { judge } = issuer;
  for (const token of ["", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"]) {
    assert((await judge(token)).startsWith("token_"));
  }
  assertEquals(server.requests, 0);
});
