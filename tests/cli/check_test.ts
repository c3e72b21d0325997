import { assert, assertEquals, assertMatch } from "@std/assert";
import { stackTraceOf } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startTestServer, testSecret } from "../support/server.ts";
import { type CommandResult, serve, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";

const env = { TASKWIRE_JWT_SECRET: testSecret };

const allChecks = ["no token", "a good token", "a bad token"].flatMap((name) =>
  ["ws/realtime", "ws/ws/simple", "ws/test"].map((path) =>
    `${path} with ${name}`
  )
);

/** The marked lines of an output. */
function checksOf({ stdout }: CommandResult): string[] {
  return stdout.split("\n").filter((line) => /^[✅❌]/u.test(line));
}

/** Asserts that every check failed, for one reason, and calmly. */
function assertAllFailed(result: CommandResult, reason: RegExp): void {
  assertEquals(result.code, 1);
  const checks = checksOf(result);
  assertEquals(checks.length, allChecks.length, result.stdout);
  for (const line of checks) {
    assertMatch(line, /^❌ /);
    assertMatch(line, reason);
  }
  assertEquals(result.stderr, "");
  assertEquals(stackTraceOf(result.stdout), null);
}

Deno.test("checkCommand() passes every check against serve", async () => {
  await using served = await serve([], { env });
  const result = await taskwire(["check", served.origin], { env });
  assertEquals(checksOf(result), allChecks.map((check) => `✅ ${check}`));
  assertEquals([result.code, result.stderr], [0, ""]);
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

Deno.test("checkCommand() tries the token that it is given, and doesn't print it", async () => {
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
});

Deno.test("checkCommand() fails the good token without a secret, and says what to set", async () => {
  await using server = await startTestServer();
  const result = await taskwire(["check", server.origin]);
  assertEquals(result.code, 1);
  for (const line of checksOf(result)) {
    if (!line.includes("a good token")) assertMatch(line, /^✅/);
    else assertMatch(line, /^❌ .*set TASKWIRE_JWT_SECRET.*--token/);
  }
});

Deno.test("checkCommand() finds a server with another secret, and one that can't verify", async () => {
  const cases = [
    [
      { config: { jwtSecrets: ["another-secret-of-32-bytes-or-more"] } },
      "invalid_token",
    ],
    [
      {
        services: () => ({
          verifier: { verify: () => Promise.reject(new Error("no key set")) },
        }),
      },
      "auth_error",
    ],
  ] as const;
  for (const [options, status] of cases) {
    await using server = await startTestServer(options);
    const result = await taskwire(["check", server.origin], { env });
    assertEquals(result.code, 1);
    const faults = checksOf(result).filter((line) => line.startsWith("❌"));
    assertMatch(
      faults[0] ?? "",
      new RegExp(`realtime with a good token: .*auth_status is "${status}"`),
    );
  }
});

Deno.test("checkCommand() says that nothing listens", async () => {
  const result = await taskwire(["check", closedOrigin()], { env });
  assertAllFailed(result, /nothing listens there/);
});

Deno.test("checkCommand() says how a plain HTTP server answered", async () => {
  for (const status of [200, 403, 404]) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("not a WebSocket", { status }),
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    const result = await taskwire(["check", url], { env });
    assertAllFailed(result, new RegExp(`answered HTTP ${status} instead`));
  }
});

Deno.test("checkCommand() says that a server hangs up", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangingUp = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const result = await taskwire(["check", url], { env });
  assertAllFailed(result, /with \w.*: \S/);
  listener.close();
  await hangingUp;
});

Deno.test("checkCommand() exits 2 for an address that is none, or named twice", async () => {
  const wrong = await taskwire(["check", "ftp://127.0.0.1"]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /ftp:\/\/127\.0\.0\.1 is not an address such as/);
  const twice = await taskwire(["check", "http://a", "--url", "http://b"]);
  assertEquals(twice.code, 2);
  assertMatch(twice.stderr, /once/);
});

Deno.test("checkCommand() with --ready asks for no more than whether the server takes work", async () => {
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
