import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Fault } from "../../src/terminal/fault.ts";
import { checkStream } from "../../src/cli/http_checks.ts";
import { makeCertificate } from "../support/certificate.ts";
import { needs } from "../support/needs.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { stackTraceOf } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startTestServer, testApiKey, testSecret } from "../support/server.ts";
import { type CommandResult, serve, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";

const env = { TASKWIRE_JWT_SECRET: testSecret };

const allChecks = ["no token", "a good token", "a bad token"].flatMap((name) =>
  ["ws/realtime", "ws/ws/simple", "ws/test"].map((path) =>
    `${path} with ${name}`
  )
);

const streamCheck = "sse/realtime with a good token";

/** Returns the last line of the output. */
function verdictOf({ stdout }: CommandResult): string {
  return stdout.trimEnd().split("\n").at(-1) ?? "";
}

/** Returns the lines of the output marked as passed or failed. */
function checksOf({ stdout }: CommandResult): string[] {
  return stdout.split("\n").filter((line) => /^[✅❌]/u.test(line));
}

/** Asserts that every check failed without a stack trace, each reason is printed once, and the verdict gives the advice. */
function assertAllFailed(
  result: CommandResult,
  reason: RegExp,
  advice: RegExp,
): void {
  assertEquals(result.code, 1);
  const checks = checksOf(result);
  for (const line of checks) assertMatch(line, /^❌ /);
  assertMatch(checks[0] ?? "", reason);
  const reasons = checks.map((line) => line.slice(line.indexOf(": ")))
    .filter((text) => text !== ": same fault");
  assertEquals(reasons.length, new Set(reasons).size, result.stdout);
  assertMatch(verdictOf(result), advice);
  assertEquals(result.stderr, "");
  assertEquals(stackTraceOf(result.stdout), null);
}

Deno.test("checkCommand() passes every check against serve", async () => {
  await using served = await serve([], { env });
  const result = await taskwire(["check", served.origin], { env });
  assertEquals(
    checksOf(result),
    [...allChecks, streamCheck].map((check) => `✅ ${check}`),
  );
  assertEquals([result.code, result.stderr], [0, ""]);
  assertEquals(verdictOf(result), "All 10 checks passed.");
});

Deno.test("checkCommand() publishes with a key, then deletes the task", async () => {
  await using server = await startTestServer();
  const result = await taskwire(["check", server.origin], {
    env: { ...env, TASKWIRE_API_KEYS: `${testApiKey},another` },
  });
  assertEquals(checksOf(result).at(-1), "✅ publishing with the API key");
  assertEquals(verdictOf(result), "All 11 checks passed.");
  assertEquals(server.services.counters.publishes.stored, 1);
  assertEquals((await server.services.store.list({ limit: 10 })).states, []);

  const wrong = await taskwire(["check", server.origin], {
    env: { ...env, TASKWIRE_API_KEYS: "another-key" },
  });
  assertEquals(wrong.code, 1);
  assertMatch(checksOf(wrong).at(-1) ?? "", /^❌ publishing .*HTTP 401/);
  assertMatch(
    verdictOf(wrong),
    /^1 of 11 failed\. Most likely the server does not know the first key in TASKWIRE_API_KEYS/,
  );
  assert(!wrong.stdout.includes("another-key"));

  // The wrong key takes precedence over the missing token.
  const without = await taskwire(["check", server.origin], {
    env: { TASKWIRE_API_KEYS: "another-key" },
  });
  assertMatch(verdictOf(without), /^4 of 11 failed\. .*TASKWIRE_API_KEYS/);
});

Deno.test("checkStream() detects a proxy that buffers streams", async () => {
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      // Like a proxy waiting for the end of the answer.
      new Response(new ReadableStream(), {
        headers: { "content-type": "text/event-stream" },
      }),
  );
  const fault = await assertRejects(
    () =>
      checkStream(
        new URL(`http://127.0.0.1:${proxy.addr.port}/sse/realtime/x`),
        undefined,
        100,
      ),
    Fault,
    "no event within 0.1 s",
  );
  assertEquals(fault.likelyCause, "buffered");
});

Deno.test("checkCommand() finds the server by argument, --url, or host and port", async () => {
  await using server = await startTestServer();
  const { port } = new URL(server.origin);
  const calls: [args: string[], env: Record<string, string>][] = [
    [[`ws://127.0.0.1:${port}`], env],
    [["--url", server.origin], env],
    [["--port", port], env],
    [[], { ...env, TASKWIRE_HOST: "localhost", TASKWIRE_PORT: port }],
  ];
  for (const [args, env] of calls) {
    const result = await taskwire(["check", ...args], { env });
    assertEquals(result.code, 0, result.stdout);
  }
});

Deno.test("checkCommand() uses the given token, and doesn't print the token", async () => {
  await using server = await startTestServer();
  const good = await signToken({ sub: "42" });
  const passed = await taskwire(["check", server.origin, "--token", good]);
  assertEquals(passed.code, 0, passed.stdout);
  assert(!passed.stdout.includes(good));

  const expired = await signToken({ sub: "42", exp: 1 });
  const failed = await taskwire(["check", server.origin, "--token", expired]);
  assertEquals(failed.code, 1);
  assert(!failed.stdout.includes(expired));
  const [fault] = checksOf(failed).filter((line) => line.startsWith("❌"));
  assertMatch(fault ?? "", /realtime with a good token: .*token_expired/);
  assertMatch(verdictOf(failed), /the server rejects the token/);
});

Deno.test("checkCommand() names the setting for a missing secret", async () => {
  await using server = await startTestServer();
  const result = await taskwire(["check", server.origin]);
  assertEquals(result.code, 1);
  for (const line of checksOf(result)) {
    if (!line.includes("with a good token")) assertMatch(line, /^✅/);
    else {assertMatch(
        line,
        /^❌ .*(?:set TASKWIRE_JWT_SECRET.*--token|same fault$)/,
      );}
  }
  assertMatch(verdictOf(result), /^3 of 10 failed\. .*TASKWIRE_JWT_SECRET/);
});

Deno.test("checkCommand() detects a different secret, and a server that can't verify tokens", async () => {
  const cases = [
    [
      { config: { jwtSecrets: ["another-secret-of-32-bytes-or-more"] } },
      "invalid_token",
      /TASKWIRE_JWT_SECRET here differs from the server's/,
    ],
    [
      {
        services: () => ({
          verifier: { verify: () => Promise.reject(new Error("no key set")) },
        }),
      },
      "auth_error",
      /the server cannot verify tokens/,
    ],
  ] as const;
  for (const [options, status, advice] of cases) {
    await using server = await startTestServer(options);
    const result = await taskwire(["check", server.origin], { env });
    assertEquals(result.code, 1);
    const faults = checksOf(result).filter((line) => line.startsWith("❌"));
    assertMatch(
      faults[0] ?? "",
      new RegExp(`realtime with a good token: .*auth_status is "${status}"`),
    );
    assertMatch(verdictOf(result), advice);
  }
});

Deno.test("checkCommand() reports that nothing listens at the address", async () => {
  const result = await taskwire(["check", closedOrigin()], { env });
  assertEquals(checksOf(result).length, 1);
  assertAllFailed(
    result,
    /nothing listens at this address/,
    /^Failed\. Most likely no server runs at this address/,
  );
});

Deno.test("checkCommand() gives advice by the status of a plain HTTP server", async () => {
  const cases = [
    [200, /a proxy does not forward WebSocket upgrades/],
    [302, /the address redirects/],
    [403, /a proxy in front of the server asks for a login/],
    [404, /sends the path to another server/],
    [426, /does not forward WebSocket upgrades.*'taskwire print nginx'/],
    [502, /a proxy cannot reach the server/],
  ] as const;
  for (const [status, advice] of cases) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () =>
        new Response("not a WebSocket", {
          status,
          headers: { location: "/login" },
        }),
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    const result = await taskwire(["check", url], { env });
    assertEquals(checksOf(result).length, 10);
    assertAllFailed(
      result,
      new RegExp(`answered HTTP ${status} instead`),
      advice,
    );
  }
});

Deno.test("checkCommand() reports a server that closes connections", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangingUp = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const result = await taskwire(["check", url], { env });
  assertAllFailed(result, /closed without an answer/, /the connection was cut/);
  listener.close();
  await hangingUp;
});

Deno.test("checkCommand() exits 2 if the address is invalid or given twice", async () => {
  const wrong = await taskwire(["check", "ftp://127.0.0.1"]);
  assertEquals(wrong.code, 2);
  assertMatch(
    wrong.stderr,
    /ftp:\/\/127\.0\.0\.1: expected an address such as/,
  );
  const twice = await taskwire(["check", "http://a", "--url", "http://b"]);
  assertEquals(twice.code, 2);
  assertMatch(twice.stderr, /named twice/);
});

Deno.test("checkCommand() asks only /readyz if called with --ready", async () => {
  await using server = await startTestServer();
  const ready = await taskwire(["check", server.origin, "--ready", "0"]);
  assertEquals(ready, { code: 0, stdout: "✅ ready\n", stderr: "" });
  assertEquals(server.services.counters.handshakes.test_websocket, {
    accepted: 0,
  });
  server.services.registry.beginDrain();
  const draining = await taskwire(["check", server.origin, "--ready", "0"]);
  assertEquals(draining.code, 1);
  assertMatch(draining.stdout, /^❌ not ready: HTTP 503/);
  const wrong = await taskwire(["check", server.origin, "--ready", "soon"]);
  assertEquals(wrong.code, 2);
});

needs("openssl")(
  "checkCommand() explains certificates and the wrong scheme",
  async () => {
    await using folder = await makeTempDir();
    const { authority, certificate, key } = await makeCertificate(folder.path);
    await using tls = Deno.serve(
      {
        ...{ hostname: "127.0.0.1", port: 0, onListen: () => {} },
        cert: await Deno.readTextFile(certificate),
        key: await Deno.readTextFile(key),
      },
      () => new Response(null, { status: 404 }),
    );
    const at = `//127.0.0.1:${tls.addr.port}`;
    const unknown = await taskwire(["check", `https:${at}`], { env });
    assertAllFailed(
      unknown,
      /authority is not trusted by this program/,
      /DENO_TLS_CA_STORE=mozilla,system.*SSL_CERT_FILE/,
    );
    // The advice works: the request reaches the server.
    const trusted = await taskwire(["check", `https:${at}`, "--ready", "0"], {
      env: {
        ...env,
        DENO_TLS_CA_STORE: "mozilla,system",
        SSL_CERT_FILE: authority,
      },
    });
    assertMatch(trusted.stdout, /^❌ not ready: HTTP 404/);

    const plain = await taskwire(["check", `http:${at}`], { env });
    assertAllFailed(plain, /does not speak plain HTTP/, /use https:\/\//);
    await using server = await startTestServer();
    const url = server.origin.replace("http", "https");
    const secure = await taskwire(["check", url], { env });
    assertAllFailed(secure, /does not speak TLS/, /use http:\/\//);
  },
);
