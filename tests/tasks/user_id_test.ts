import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { encodeUserId, parseUserId } from "../../src/tasks/user_id.ts";

const exactIntegers: Record<string, string> = {
  "zero": "0",
  "one": "1",
  "the largest safe integer": "9007199254740991",
  "2^53": "9007199254740992",
  "2^60, whose digits JSON.stringify would change": "1152921504606846976",
  "10^22, the largest exact power of ten": `1${"0".repeat(22)}`,
  "2^1023, near the end of doubles": String(2n ** 1023n),
};

for (const [what, userId] of Object.entries(exactIntegers)) {
  Deno.test(`encodeUserId() keeps the digits of an exact integer: ${what}`, () => {
    assertEquals(encodeUserId(userId), userId);
  });
}

const texts: Record<string, string> = {
  "a name": "alice",
  "quotes and a backslash": '"\\',
  "nothing": "",
  "a leading zero": "007",
  "two zeros": "00",
  "a minus sign": "-1",
  "minus zero": "-0",
  "a plus sign": "+1",
  "a fraction": "1.0",
  "an exponent": "1e3",
  "a hexadecimal": "0x10",
  "a space before": " 1",
  "a line feed after": "1\n",
  "an underscore": "1_000",
  "digits of another script": "١٢",
  "2^53 + 1, which a double rounds": "9007199254740993",
  "10^23, which a double rounds": `1${"0".repeat(23)}`,
  "more than a double holds": "9".repeat(309),
  "a million digits": "1".repeat(1_000_000),
};

for (const [what, userId] of Object.entries(texts)) {
  Deno.test(`encodeUserId() writes a string: ${what}`, () => {
    assertStrictEquals(encodeUserId(userId), JSON.stringify(userId));
  });
}

Deno.test("encodeUserId() never changes the user", () => {
  const ids = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String),
    fc.bigInt({ min: 2n ** 52n, max: 2n ** 55n }).map(String),
  );
  fc.assert(fc.property(ids, (userId) => {
    const decoded: unknown = JSON.parse(encodeUserId(userId));
    if (typeof decoded === "number") {
      assertEquals(BigInt(decoded), BigInt(userId));
    } else assertEquals(decoded, userId);
  }));
});

Deno.test("parseUserId() accepts non-empty strings and whole numbers", () => {
  const table: [unknown, string][] = [
    ["alice", "alice"],
    ["007", "007"],
    [" ", " "],
    ["a".repeat(256), "a".repeat(256)],
    [0, "0"],
    [-0, "0"],
    [-5, "-5"],
    [1e3, "1000"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
  ];
  for (const [value, expected] of table) {
    assertStrictEquals(parseUserId(value), expected);
  }
});

Deno.test("parseUserId() finds no user in anything else", () => {
  const values = [
    "",
    "a".repeat(257),
    2 ** 53, // as JSON.parse reads 2^53 + 1, too
    1.5,
    NaN,
    Infinity,
    true,
    null,
    undefined,
    {},
    ["alice"],
    1n,
  ];
  for (const value of values) {
    assert(parseUserId(value) === undefined, `accepted ${String(value)}`);
  }
});
