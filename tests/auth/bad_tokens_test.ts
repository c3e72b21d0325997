import { assert, assertEquals, assertFalse } from "@std/assert";
import type { TokenRejectionCode } from "../../src/auth/identity.ts";
import { captureLog } from "../support/captured_log.ts";
import { startKeyServer } from "../support/key_server.ts";
import { BadTokens } from "../../src/admission/bad_tokens.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { badTokens } from "./bad_tokens.ts";
import { audience, issuer, pemKey, setKey } from "./issued_tokens.ts";

/** All reasons for rejecting a token. */
const reasons: readonly TokenRejectionCode[] = [
  "token_bad_signature",
  "token_expired",
  "token_malformed",
  "token_not_yet_valid",
  "token_unknown_key",
  "token_without_user",
  "token_wrong_algorithm",
  "token_wrong_audience",
  "token_wrong_issuer",
];

Deno.test("badTokens has at least 60 different tokens, with every reason", () => {
  assert(badTokens.length >= 60, `${badTokens.length}`);
  assertEquals(
    new Set(badTokens.map(([, token]) => token)).size,
    badTokens.length,
  );
  const codes = new Set(badTokens.map(([, , code]) => code));
  assertEquals([...codes].toSorted(), reasons);
});

/** Removes the delay after bad tokens, to speed up the tests. */
class PatientBadTokens extends BadTokens {
  override delayMs(): number {
    return 0;
  }
}

/** Starts a server with a secret, a PEM and a key set that requires an issuer and an audience. */
function startServer(jwksUrl: URL): Promise<TestServer> {
  return startTestServer({
    config: {
      jwksUrl: jwksUrl.href,
      jwtIssuer: issuer,
      jwtAudience: audience,
      jwtAlgorithms: ["HS256", "RS256", "RS384", "PS256", "ES256"],
      messageRate: 0,
    },
    publicKey: pemKey.pem,
    services: () => ({ badTokens: new PatientBadTokens() }),
  });
}

/** Connects with a token; returns the status, the user and the reason from the server's frames. */
async function judgedBy(
  server: TestServer,
  token: string,
): Promise<{ status: unknown; user: unknown; code: unknown; message: string }> {
  const url = new URL(server.ws("/ws/realtime/x"));
  url.searchParams.set("token", token);
  await using socket = new TestSocket(url.href);
  const connected = await socket.nextFrame();
  const next = await socket.nextFrame();
  assertEquals(connected.type, "connected");
  return {
    status: connected.auth_status,
    user: connected.user_id,
    code: next.code,
    message: `${next.message}`,
  };
}

Deno.test("realtimeEndpoint() rejects every bad token with the reason, and logs no fault", async (t) => {
  using log = captureLog();
  await using keys = startKeyServer({ keys: [setKey.jwk] });
  await using server = await startServer(keys.url);
  for (const [what, token, code] of badTokens) {
    await t.step(`${what} is ${code}`, async () => {
      const judged = await judgedBy(server, token);
      assertEquals([judged.status, judged.user, judged.code], [
        "invalid_token",
        1,
        code,
      ]);
      for (const part of [token, ...token.split(".")]) {
        if (part.length > 12) assertFalse(judged.message.includes(part));
      }
    });
  }
  assertFalse(/"level":"(?:ERROR|FATAL)"/i.test(log.text), log.text);
  assert(keys.requests <= 2, `${keys.requests} requests for the key set`);
  for (const [, token] of badTokens) {
    if (token.length > 24) assertFalse(log.text.includes(token));
  }
});

Deno.test("realtimeEndpoint() authenticates by each of the server's keys", async () => {
  await using keys = startKeyServer({ keys: [setKey.jwk] });
  await using server = await startServer(keys.url);
  const claims = { sub: "alice", iss: issuer, aud: audience };
  for (const key of [pemKey, setKey]) {
    const { status, user } = await judgedBy(server, await key.sign(claims));
    assertEquals([status, user], ["authenticated", "alice"]);
  }
});

Deno.test("realtimeEndpoint() and requireScope() report and count an unavailable key set", async () => {
  await using keys = startKeyServer(() => new Response(null, { status: 500 }));
  await using server = await startServer(keys.url);
  const token = await setKey.sign({ sub: "a", iss: issuer, aud: audience });
  const judged = await judgedBy(server, token);
  assertEquals(
    [judged.status, judged.user, judged.code],
    ["auth_error", 1, "verifier_unavailable"],
  );
  assertEquals(server.services.counters.keySetFailures, 1);
  const response = await fetch(`${server.origin}/api/tasks/x`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  assertEquals(response.status, 503);
  assertEquals((await response.json()).code, "verifier_unavailable");
  const byPem = await pemKey.sign({ sub: "a", iss: issuer, aud: audience });
  assertEquals((await judgedBy(server, byPem)).status, "authenticated");
});
