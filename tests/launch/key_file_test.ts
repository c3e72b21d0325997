import { assertEquals, assertMatch } from "@std/assert";
import { describeKeys } from "../../src/launch/key_file.ts";
import { loadConfig } from "../../src/config/config.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { makeIssuerKey } from "../support/keys.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

Deno.test("readKeyFile() lets the server verify tokens by a public key", async () => {
  const issuer = await makeIssuerKey("ES256");
  await using folder = await makeTempDir();
  const file = await folder.write("key.pem", issuer.pem);
  await using served = await serve([], {
    env: { TASKWIRE_JWT_PUBLIC_KEY: file, TASKWIRE_API_KEYS: testApiKey },
  });
  await served.server.line(
    new RegExp(
      `auth: +optional; tokens signed with ES256, checked with the public key ${file}; `,
    ),
  );
  const ws = `${served.origin.replace("http", "ws")}/ws/realtime/x`;
  await using socket = new TestSocket(
    `${ws}?token=${await issuer.sign({ sub: "7" })}`,
  );
  const { user_id, auth_status } = await socket.nextFrame();
  assertEquals([user_id, auth_status], [7, "authenticated"]);
  const check = await taskwire([
    "check",
    served.origin,
    "--token",
    await issuer.sign({ sub: "7" }),
  ]);
  assertEquals(check.code, 0, check.stdout);
});

Deno.test("readKeyFile() fails the start if the key is unusable", async () => {
  const issuer = await makeIssuerKey("RS256");
  await using folder = await makeTempDir();
  const files: [path: string, reason: RegExp][] = [
    [`${folder.path}/missing.pem`, /missing\.pem cannot be read: /],
    [folder.path, /cannot be read: /],
    [
      await folder.write("private.pem", issuer.privatePem),
      /private\.pem cannot be used: it holds a private key: .*-pubout/,
    ],
    ["-----BEGIN PUBLIC KEY-----", /expected the path of a file/],
  ];
  for (const [TASKWIRE_JWT_PUBLIC_KEY, reason] of files) {
    const result = await taskwire(["serve", "--port", "0"], {
      env: { TASKWIRE_JWT_PUBLIC_KEY },
    });
    assertFailure(result, 1, /^error: TASKWIRE_JWT_PUBLIC_KEY=/m);
    assertMatch(result.stderr, reason);
    assertEquals(result.stdout, "");
  }
});

Deno.test("serveCommand() fails if an allowed algorithm has no key", async () => {
  const result = await taskwire(["serve", "--port", "0"], {
    env: {
      TASKWIRE_JWT_SECRET: testSecret,
      TASKWIRE_JWT_ALGORITHMS: "HS256,RS256",
    },
  });
  assertFailure(
    result,
    1,
    /TASKWIRE_JWT_ALGORITHMS allows RS256.*set TASKWIRE/,
  );
});

Deno.test("describeKeys() names every kind of key, without the query of a URL", () => {
  const flags = {
    jwtSecrets: `${testSecret},${testSecret}`,
    jwtPublicKey: "key.pem",
    jwksUrl: "https://id.example/jwks?app=secret",
  };
  assertEquals(describeKeys(loadConfig({ flags })), [
    "2 secrets",
    "the public key key.pem",
    "the key set https://id.example/jwks",
  ]);
});
