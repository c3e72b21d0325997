import { assertEquals } from "@std/assert";
import { expired, type Identity, isExpired } from "../../src/auth/identity.ts";

Deno.test("isExpired() recognizes an identity made by expired()", () => {
  const identity = expired("7");
  assertEquals([identity.status, identity.userId], ["invalid_token", "7"]);
  assertEquals(isExpired(identity), true);
});

Deno.test("isExpired() is false for guests and tokens rejected for different reasons", () => {
  const identities: Identity[] = [
    { status: "guest", userId: "1" },
    {
      status: "invalid_token",
      userId: "1",
      rejection: { code: "token_malformed", message: "" },
    },
    {
      status: "auth_error",
      userId: "1",
      rejection: { code: "verifier_unavailable", message: "" },
    },
  ];
  assertEquals(identities.map(isExpired), [false, false, false]);
});
