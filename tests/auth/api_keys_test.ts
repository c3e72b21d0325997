import { assert, assertFalse } from "@std/assert";
import { createApiKeyCheck } from "../../src/auth/api_keys.ts";

Deno.test("createApiKeyCheck() accepts each of the keys", () => {
  const isApiKey = createApiKeyCheck(["first-key", "second-key", "schlüssel"]);
  for (const key of ["first-key", "second-key", "schlüssel"]) {
    assert(isApiKey(key), key);
  }
});

Deno.test("createApiKeyCheck() rejects any different byte sequence", () => {
  const isApiKey = createApiKeyCheck(["first-key", "second-key"]);
  const wrong = [
    "",
    "first-ke",
    "first-key1",
    " first-key",
    "first-key\n",
    "First-Key",
    "first-keysecond-key",
    "first-key,second-key",
    "first-key\0",
    "x".repeat(100_000),
  ];
  for (const key of wrong) assertFalse(isApiKey(key), JSON.stringify(key));
});

Deno.test("createApiKeyCheck() compares keys of any length to the last byte", () => {
  for (const length of [1, 63, 64, 65, 200]) {
    const key = "k".repeat(length);
    const isApiKey = createApiKeyCheck([key, "other"]);
    assert(isApiKey(key), `${length}`);
    for (
      const wrong of [key.slice(1), `${key}k`, `${key}\xff`, `${key.slice(1)}é`]
    ) {
      assertFalse(isApiKey(wrong), wrong);
    }
  }
});

Deno.test("createApiKeyCheck() rejects every key if none is configured", () => {
  const isApiKey = createApiKeyCheck([]);
  for (const key of ["", "undefined", "first-key"]) assertFalse(isApiKey(key));
});

Deno.test("createApiKeyCheck() rejects Unicode look-alikes of a key", () => {
  const isApiKey = createApiKeyCheck(["é"]);
  assertFalse(isApiKey("e\u0301"));
});
