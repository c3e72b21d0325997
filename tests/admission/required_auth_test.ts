import { assertEquals } from "@std/assert";
import type { Identity } from "../../src/auth/identity.ts";
import { closeUnauthenticated } from "../../src/admission/required_auth.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { testConfig } from "../support/server.ts";

const rejection = { code: "token_expired", message: "m" } as const;
const identities: [Identity, code: number | undefined, retries: boolean][] = [
  [{ status: "guest", userId: "1" }, 4401, false],
  [{ status: "invalid_token", userId: "1", rejection }, 4401, false],
  [{ status: "auth_error", userId: "1", rejection }, 1013, true],
  [
    { status: "authenticated", userId: "7", grant: { scopes: new Set() } },
    undefined,
    false,
  ],
];

for (const [identity, code, retries] of identities) {
  Deno.test(`closeUnauthenticated() of ${identity.status} closes with ${code}`, () => {
    const { connection, transport } = fakeConnection();
    const config = testConfig({ auth: "required" });
    const isClosed = closeUnauthenticated(connection, identity, config);
    assertEquals(isClosed, code !== undefined);
    assertEquals(transport.closes[0]?.code, code);
    assertEquals("retry_after_ms" in (transport.frames[0] ?? {}), retries);
  });

  Deno.test(`closeUnauthenticated() keeps ${identity.status} if authentication is optional`, () => {
    const { connection, transport } = fakeConnection();
    const config = testConfig({ auth: "optional" });
    assertEquals(closeUnauthenticated(connection, identity, config), false);
    assertEquals(transport.closes, []);
  });
}
