import { assert, assertEquals, assertThrows } from "@std/assert";
import { CommandFailure } from "../../src/terminal/failure.ts";
import { withKeys } from "../../src/launch/safe_defaults.ts";
import { loadConfig } from "../../src/config/config.ts";
import { testApiKey, testSecret } from "../support/server.ts";

const bare = loadConfig({});

Deno.test("withKeys() makes two new keys on loopback each time", () => {
  const { config, madeSecret, madeApiKey } = withKeys(bare);
  assert(madeSecret && madeApiKey);
  assertEquals(config, {
    ...bare,
    jwtSecrets: [madeSecret],
    apiKeys: [madeApiKey],
  });
  for (const key of [madeSecret, madeApiKey]) {
    assert(/^[\w-]{43}$/.test(key), key); // 256 bits
  }
  const again = withKeys(bare);
  assertEquals(
    new Set([madeSecret, madeApiKey, again.madeSecret, again.madeApiKey]).size,
    4,
  );
});

Deno.test("withKeys() makes only missing keys", () => {
  const secretOnly = { ...bare, jwtSecrets: [testSecret] };
  const made = withKeys(secretOnly);
  assertEquals(made.madeSecret, undefined);
  assertEquals(made.config.jwtSecrets, [testSecret]);
  assertEquals(made.config.apiKeys, [made.madeApiKey ?? ""]);

  const both = { ...secretOnly, apiKeys: [testApiKey] };
  assertEquals(withKeys(both), { config: both });
});

Deno.test("withKeys() makes no secret beside a public key or a key set", () => {
  for (
    const key of [{ jwtPublicKey: "key.pem" }, {
      jwksUrl: "https://id.example",
    }]
  ) {
    const { config, madeSecret } = withKeys({ ...bare, ...key });
    assertEquals([config.jwtSecrets, madeSecret], [[], undefined]);
    const reachable = { ...bare, ...key, host: "0.0.0.0" };
    assertEquals(withKeys(reachable), { config: reachable });
  }
});

Deno.test("withKeys() refuses a non-loopback address without a JWT key", () => {
  for (const host of ["0.0.0.0", "::", "192.168.0.1", "example.com"]) {
    assertThrows(
      () => withKeys({ ...bare, host, apiKeys: [testApiKey] }),
      CommandFailure,
      "set TASKWIRE_JWT_SECRET",
    );
  }
});

Deno.test("withKeys() makes no key for a non-loopback address", () => {
  const config = { ...bare, host: "0.0.0.0", jwtSecrets: [testSecret] };
  assertEquals(withKeys(config), { config });
});

Deno.test("withKeys() refuses a short API key for a non-loopback address", () => {
  const reachable = { ...bare, host: "0.0.0.0", jwtSecrets: [testSecret] };
  for (const apiKeys of [["a7"], [testApiKey, "15-characters-k"]]) {
    assertThrows(
      () => withKeys({ ...reachable, apiKeys }),
      CommandFailure,
      "openssl rand -hex 16",
    );
    const local = withKeys({ ...bare, jwtSecrets: [testSecret], apiKeys });
    assertEquals(local.config.apiKeys, apiKeys);
  }
  const config = { ...reachable, apiKeys: ["16-characters-ke"] };
  assertEquals(withKeys(config), { config });
});
