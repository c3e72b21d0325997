import { assert, assertEquals } from "@std/assert";
import { exceedsUtf8, limitUtf8 } from "../../src/connections/utf8.ts";

for (
  const [text, maxBytes, expected] of [
    ["", 5, ""],
    ["abc", 3, "abc"],
    ["abcd", 3, "abc"],
    ["abc", 0, ""],
    ["é", 1, ""],
    ["aé", 3, "aé"],
    ["连接", 5, "连"],
    ["a😀", 4, "a"],
    ["a😀", 5, "a😀"],
  ] as const
) {
  Deno.test(`limitUtf8() cuts ${JSON.stringify(text)} to ${maxBytes} bytes`, () => {
    assertEquals(limitUtf8(text, maxBytes), expected);
  });
}

for (
  const [text, maxBytes, expected] of [
    ["", 0, false],
    ["a", 0, true],
    ["aaaa", 4, false],
    ["aaaaa", 4, true],
    ["é", 1, true],
    ["éé", 4, false],
    ["ééa", 4, true],
    ["连", 3, false],
    ["连", 2, true],
    ["😀", 4, false],
    ["😀", 3, true],
  ] as const
) {
  Deno.test(`exceedsUtf8() says ${expected} of ${JSON.stringify(text)} and ${maxBytes} bytes`, () => {
    assertEquals(exceedsUtf8(text, maxBytes), expected);
  });
}

Deno.test("exceedsUtf8() agrees with the encoder around the limit", () => {
  for (const unit of ["a", "é", "连", "😀"]) {
    const bytes = new TextEncoder().encode(unit).length;
    assert(!exceedsUtf8(unit.repeat(100), 100 * bytes));
    assert(exceedsUtf8(unit.repeat(100), 100 * bytes - 1));
  }
});
