import { assertEquals, assertRejects } from "@std/assert";
import {
  assertUsable,
  importSecret,
  KeyError,
  selectKeys,
  type VerificationKey,
} from "../../src/auth/verification_key.ts";
import { testSecret } from "../support/server.ts";

const key = await importSecret(testSecret, "HS256");

function named(kid?: string): VerificationKey {
  return { algorithm: "HS256", key, ...(kid === undefined ? {} : { kid }) };
}

Deno.test("selectKeys() selects the keys by algorithm and kid, and keys without kid", () => {
  const [a, b, nameless] = [named("a"), named("b"), named()];
  const keys = [a, b, nameless];
  assertEquals(selectKeys(keys, "HS256", "a"), [a, nameless]);
  assertEquals(selectKeys(keys, "HS256", "A"), [nameless]);
  assertEquals(selectKeys(keys, "HS256", undefined), keys);
  for (const algorithm of ["HS384", "none", "__proto__", ""]) {
    assertEquals(selectKeys(keys, algorithm, "a"), []);
  }
});

Deno.test("selectKeys() includes every key that may have signed", () => {
  const keys = Array.from({ length: 100 }, (_, n) => named(`${n}`));
  assertEquals(selectKeys(keys, "HS256", undefined).length, 100);
  assertEquals(selectKeys(keys, "HS256", "99").length, 1);
});

Deno.test("importSecret() rejects an empty secret", async () => {
  await assertRejects(() => importSecret("", "HS256"), DOMException);
});

Deno.test("assertUsable() rejects an RSA key of 1024 bits and accepts 2048 bits", async () => {
  for (const modulusLength of [1_024, 2_048]) {
    const { publicKey } = await crypto.subtle.generateKey(
      {
        name: "RSA-PSS",
        hash: "SHA-256",
        modulusLength,
        publicExponent: Uint8Array.of(1, 0, 1),
      },
      false,
      ["sign", "verify"],
    );
    const usable = () => assertUsable({ algorithm: "PS256", key: publicKey });
    if (modulusLength === 2_048) await usable();
    else await assertRejects(usable, KeyError, "1024 bits is too short");
  }
});
