import { assertEquals, assertFalse } from "@std/assert";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { authenticate } from "../../src/auth/authenticate.ts";
import type { Verdict, Verifier } from "../../src/auth/verifier.ts";

function verifier(verify: (token: string) => Promise<Verdict>): Verifier {
  return { verify };
}

Deno.test("authenticate() makes a client without a token a guest, without the verifier", async () => {
  const verify = spy((): Promise<Verdict> => Promise.reject(new Error("down")));
  assertEquals(await authenticate(undefined, verifier(verify), "0"), {
    status: "guest",
    userId: "0",
  });
  assertSpyCalls(verify, 0);
});

Deno.test("authenticate() returns the user and the grant of a valid token", async () => {
  const grant = { userId: "7", scopes: new Set(["admin"]), tasks: ["a*"] };
  const verify = spy((_token: string): Promise<Verdict> =>
    Promise.resolve({ ok: true, grant })
  );
  assertEquals(await authenticate("a token", verifier(verify), "1"), {
    status: "authenticated",
    userId: "7",
    grant,
  });
  assertEquals(verify.calls.map(({ args }) => args), [["a token"]]);
});

Deno.test("authenticate() makes the bearer of a bad token a guest, with the reason", async () => {
  const rejection = { code: "token_expired", message: "Too late" } as const;
  const bad = verifier(() => Promise.resolve({ ok: false, rejection }));
  assertEquals(await authenticate("a token", bad, "1"), {
    status: "invalid_token",
    userId: "1",
    rejection,
  });
});

Deno.test("authenticate() rejects a token without a user", async () => {
  const grant = { scopes: new Set(["publish"]) };
  const nobody = verifier(() => Promise.resolve({ ok: true, grant }));
  const identity = await authenticate("a token", nobody, "1");
  assertEquals(identity.status, "invalid_token");
  assertEquals(identity.userId, "1");
  assertEquals(
    "rejection" in identity && identity.rejection.code,
    "token_without_user",
  );
});

const failures: Record<string, () => Promise<Verdict>> = {
  "rejects": () => Promise.reject(new Error("key set at 10.0.0.7 is down")),
  "throws": () => {
    throw new TypeError("key set at 10.0.0.7 is down");
  },
  "rejects without an Error": () => Promise.reject("10.0.0.7"),
};

for (const [what, verify] of Object.entries(failures)) {
  Deno.test(`authenticate() survives a verifier that ${what}, and hides the details from clients`, async () => {
    const identity = await authenticate("a token", verifier(verify), "1");
    assertEquals(identity.status, "auth_error");
    assertEquals(identity.userId, "1");
    const { code, message } = "rejection" in identity
      ? identity.rejection
      : { code: undefined, message: "" };
    assertEquals(code, "verifier_unavailable");
    assertFalse(message.includes("10.0.0.7"), message);
  });
}
