/**
 * Measures the verification of tokens: known, new, and bad.
 *
 * `deno bench` waits only for functions declared `async`: a function that only
 * returns a promise would be measured to its first `await`.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { createVerifier } from "../../src/auth/verifier.ts";
import { testSecret } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const verifier = await createVerifier({
  secrets: [testSecret],
  leewaySeconds: 5,
});
const exp = secondsFromNow(3_600);

/** More than the cache holds: every token is forgotten before its next turn. */
const tokens = await Promise.all(
  Array.from(
    { length: 25_000 },
    (_, number) => signToken({ sub: `user-${number}`, exp }),
  ),
);
const [known = ""] = tokens;
const badTokens = {
  "of another secret": await signToken(
    { sub: "alice", exp },
    { secret: "another-secret-for-tests-of-32-bytes" },
  ),
  "that has expired": await signToken({ sub: "alice", exp: exp - 7_200 }),
  "that is none": "nonsense",
};

async function verify(token: string, isGood: boolean): Promise<void> {
  const { ok } = await verifier.verify(token);
  if (ok !== isGood) throw new Error("A token was judged wrongly");
}

const signed = known.slice(0, known.lastIndexOf("."));

Deno.bench({
  name: "HMAC-SHA-256 of a token",
  group: "tokens",
  baseline: true,
  fn: () => void createHmac("sha256", testSecret).update(signed).digest(),
});

Deno.bench({
  name: "verify() the same token again",
  group: "tokens",
  async fn() {
    await verify(known, true);
  },
});

let number = 0;
Deno.bench({
  name: "verify() another token each time",
  group: "tokens",
  async fn() {
    await verify(tokens[number++ % tokens.length] ?? "", true);
  },
});

for (const [which, token] of Object.entries(badTokens)) {
  Deno.bench({
    name: `verify() a token ${which}`,
    group: "tokens",
    async fn() {
      await verify(token, false);
    },
  });
}
