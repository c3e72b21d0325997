import { assertEquals, assertRejects } from "@std/assert";
import { Rejected } from "../../src/auth/claims.ts";
import { KeySet } from "../../src/auth/jwks.ts";
import { readPublicKeys } from "../../src/auth/public_key.ts";
import { verifySignature } from "../../src/auth/signature.ts";
import { startKeyServer } from "../support/key_server.ts";
import { makeIssuerKey } from "../support/keys.ts";

const local = await makeIssuerKey("RS256");
const remote = await makeIssuerKey("RS256", "remote");
const keys = await readPublicKeys(local.pem);

Deno.test("verifySignature() asks the key set only if no local key has signed", async () => {
  await using server = startKeyServer({ keys: [remote.jwk] });
  using keySet = new KeySet(server.url);
  const judge = (token: string, kid?: string) =>
    verifySignature(
      token,
      { alg: "RS256", ...(kid === undefined ? {} : { kid }) },
      keys,
      keySet,
    );
  const near = await judge(await local.sign({ sub: "a", exp: 1 }));
  assertEquals(near, { payload: { sub: "a", exp: 1 } }); // claims are not checked
  assertEquals(server.requests, 0);
  const far = await judge(await remote.sign({ sub: "b", exp: 1 }), "remote");
  assertEquals(far, { payload: { sub: "b", exp: 1 }, generation: 1 });
  assertEquals(server.requests, 1);
});

Deno.test("verifySignature() distinguishes an unknown key from a wrong signature", async () => {
  const foreign = await makeIssuerKey("RS256", "foreign");
  const [key] = await readPublicKeys(JSON.stringify(remote.jwk));
  const named = key === undefined ? [] : [key];
  for (
    const [kid, code] of [
      ["foreign", "token_unknown_key"],
      ["remote", "token_bad_signature"],
    ] as const
  ) {
    const token = await foreign.sign({ sub: "a" }, { kid });
    const judging = verifySignature(
      token,
      { alg: "RS256", kid },
      named,
      undefined,
    );
    assertEquals((await assertRejects(() => judging, Rejected)).code, code);
  }
});
