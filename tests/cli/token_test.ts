import { assert, assertEquals } from "@std/assert";
import { decode, type Payload } from "djwt";
import { createVerifier } from "../../src/auth/verifier.ts";
import { mintToken } from "../../src/cli/token.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { testConfig, testSecret } from "../support/server.ts";
import { taskwire } from "../support/taskwire.ts";
import { secondsFromNow } from "../support/tokens.ts";

const env = { TASKWIRE_JWT_SECRET: testSecret };

/** Runs the command, asserts that the output is only a token, and returns the token. */
async function tokenOf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await taskwire(["token", ...args], { env });
  assertEquals([code, stderr], [0, ""]);
  assert(/^[\w-]+(?:\.[\w-]+){2}\n$/.test(stdout), stdout);
  return stdout.trimEnd();
}

function expiryOf(token: string): number {
  const [, { exp = 0 }] = decode<Payload>(token);
  return exp * 1_000;
}

Deno.test("tokenCommand() mints a token that the server accepts", async () => {
  const token = await tokenOf(
    "--sub",
    "42",
    "--scope",
    "publish admin",
    "--tasks",
    "upload_1,video/*",
    "--labels",
    "import,team:*",
    "--jwt-issuer",
    "https://issuer.example",
    "--jwt-audience",
    "taskwire",
  );
  const verifier = await createVerifier({
    secrets: [testSecret],
    issuer: "https://issuer.example",
    audience: "taskwire",
    leewaySeconds: 0,
  });
  assertEquals(await verifier.verify(token), {
    ok: true,
    grant: {
      expiresAtMs: expiryOf(token),
      userId: "42",
      scopes: new Set(["publish", "admin"]),
      tasks: ["upload_1", "video/*"],
      labels: ["import", "team:*"],
    },
  });
});

Deno.test("tokenCommand() signs with the first of several secrets", async () => {
  const older = "another-secret-for-tests-of-32-bytes";
  const { stdout } = await taskwire(["token", "--sub", "42"], {
    env: { TASKWIRE_JWT_SECRET: `${testSecret},${older}` },
  });
  const options = { leewaySeconds: 0 };
  const first = await createVerifier({ ...options, secrets: [testSecret] });
  const second = await createVerifier({ ...options, secrets: [older] });
  assertEquals((await first.verify(stdout.trim())).ok, true);
  assertEquals((await second.verify(stdout.trim())).ok, false);
});

Deno.test("tokenCommand() limits the token's lifetime", async () => {
  for (const [ttl, args] of [[3_600, []], [60, ["--ttl", "60"]]] as const) {
    const before = secondsFromNow(ttl);
    const [, payload] = decode(await tokenOf("--sub", "42", ...args));
    const after = secondsFromNow(ttl) + 1; // djwt rounds
    const { exp = 0 } = payload as Payload;
    assert(exp >= before && exp <= after, `${before} ≤ ${exp} ≤ ${after}`);
  }
});

Deno.test("tokenCommand() mints an expired token", async () => {
  const verifier = await createVerifier({
    secrets: [testSecret],
    leewaySeconds: 0,
  });
  const verdict = await verifier.verify(
    await tokenOf("--sub", "42", "--ttl=-60"),
  );
  assert(!verdict.ok);
  assertEquals(verdict.rejection.code, "token_expired");
});

Deno.test("tokenCommand() omits claims without an option", async () => {
  const [header, payload] = decode(await tokenOf("--scope", "publish"));
  assertEquals(header, { alg: "HS256", typ: "JWT" });
  assertEquals(Object.keys(payload as Payload).sort(), ["exp", "scope"]);
});

Deno.test("tokenCommand() names the setting for a missing secret", async () => {
  const result = await taskwire(["token", "--sub", "42"]);
  assertFailure(result, 1, /set TASKWIRE_JWT_SECRET/);
  assertEquals(result.stdout, "");
});

Deno.test("tokenCommand() explains that a public key can't sign", async () => {
  const result = await taskwire(["token", "--sub", "42"], {
    env: { TASKWIRE_JWT_PUBLIC_KEY: "key.pem" },
  });
  assertFailure(result, 1, /set TASKWIRE_JWT_SECRET.*public keys only verify/);
  const notAllowed = await taskwire(["token", "--sub", "42"], {
    env: { ...env, TASKWIRE_JWT_ALGORITHMS: "RS256" },
  });
  assertFailure(notAllowed, 1, /TASKWIRE_JWT_ALGORITHMS allows none of these/);
});

Deno.test("tokenCommand() rejects a token without user and scope, and an invalid ttl", async () => {
  assertFailure(await taskwire(["token"], { env }), 2, /--sub.*--scope/);
  for (const ttl of ["soon", "1.5", ""]) {
    const args = ["token", "--sub", "42", "--ttl", ttl];
    assertFailure(await taskwire(args, { env }), 2, /whole seconds/);
  }
});

Deno.test("tokenCommand() rejects empty tasks and labels, instead of omitting the limit", async () => {
  for (const flag of ["--tasks", "--labels"]) {
    for (const list of ["", "a,", ",", "a,,b"]) {
      const result = await taskwire(
        ["token", "--scope", "publish", flag, list],
        { env },
      );
      assertFailure(result, 2, new RegExp(`${flag} ".*": expected entries`));
      assertEquals(result.stdout, "");
    }
  }
});

Deno.test("mintToken() signs with the first configured algorithm", async () => {
  const config = testConfig({ jwtAlgorithms: ["ES256", "HS512", "HS256"] });
  const token = await mintToken({ sub: "42", ttlSeconds: 60 }, config);
  assertEquals(decode(token)[0], { alg: "HS512", typ: "JWT" });
});
