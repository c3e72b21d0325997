import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { FakeTime } from "../support/fake_time.ts";
import { createVerifier } from "../../src/auth/verifier.ts";
import { testSecret } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const options = { secrets: [testSecret], leewaySeconds: 5 };

/** Counts the signatures verified from now on. */
function countVerifications() {
  const verifying = spy(crypto.subtle, "verify");
  return {
    get count() {
      return verifying.calls.length;
    },
    [Symbol.dispose]: () => verifying.restore(),
  };
}

Deno.test("createVerifier() verifies a token once in a storm, and not again afterwards", async () => {
  const verifier = await createVerifier(options);
  const token = await signToken({ sub: "a" });
  using verifications = countVerifications();
  const storm = Array.from({ length: 1_000 }, () => verifier.verify(token));
  const verdicts = await Promise.all(storm);
  assertEquals(verdicts.filter(({ ok }) => ok).length, 1_000);
  await verifier.verify(token);
  assertEquals(verifications.count, 1);
  await verifier.verify(await signToken({ sub: "b" }));
  assertEquals(verifications.count, 2);
});

Deno.test("createVerifier() verifies a bad token each time", async () => {
  const verifier = await createVerifier(options);
  const token = await signToken({ sub: "a" }, { secret: "x".repeat(32) });
  for (let count = 0; count < 3; count += 1) {
    const verdict = await verifier.verify(token);
    assertEquals(!verdict.ok && verdict.rejection.code, "token_bad_signature");
  }
});

Deno.test("createVerifier() does not cache long tokens", async () => {
  const verifier = await createVerifier(options);
  const token = await signToken({ sub: "a", data: "a".repeat(5_000) });
  using verifications = countVerifications();
  for (let count = 0; count < 2; count += 1) await verifier.verify(token);
  assertEquals(verifications.count, 2);
});

Deno.test("createVerifier() notices the expiry of a cached token without verifying again", async () => {
  using time = new FakeTime();
  const verifier = await createVerifier(options);
  const token = await signToken({ sub: "a", exp: secondsFromNow(60) });
  assertEquals((await verifier.verify(token)).ok, true);
  using verifications = countVerifications();
  time.tick(64_000);
  assertEquals((await verifier.verify(token)).ok, true);
  time.tick(1_000);
  for (let count = 0; count < 2; count += 1) {
    const verdict = await verifier.verify(token);
    assertEquals(!verdict.ok && verdict.rejection.code, "token_expired");
  }
  assertEquals(verifications.count, 0);
});
