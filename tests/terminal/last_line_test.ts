import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LastLineFinder } from "../../src/terminal/last_line.ts";

/** Returns the line after each piece of output, and the line of the end. */
function linesOf(
  pieces: readonly (string | Uint8Array)[],
  maxLength = 1_000,
): (string | undefined)[] {
  const finder = new LastLineFinder(maxLength);
  const encoder = new TextEncoder();
  return [
    ...pieces.map((piece) =>
      finder.push(typeof piece === "string" ? encoder.encode(piece) : piece)
    ),
    finder.end(),
  ];
}

Deno.test("LastLineFinder.push() finds the last finished line", () => {
  const none = undefined;
  const cases: [pieces: (string | Uint8Array)[], lines: unknown[]][] = [
    [["a\nb\nc"], ["b", "c"]],
    [["a", "b\n", "c"], [none, "ab", none, "c"]],
    [["a\n\n \n\t\r\n"], ["a", none]],
    [["", "\n", "\r\n"], [none, none, none, none]],
    // A line end cut in half is one line end.
    [["a\r", "\n"], ["a", none, none]],
    // A progress bar draws over its line, with the return first or last.
    [["\r10%", "\r20%", "\r30%\n"], ["10%", "20%", "30%", none]],
    [["10%\r20%\r"], ["20%", none]],
    [["10%\r2", "0%", "\r\n30%"], ["2", "20%", "20%", "30%"]],
    // Colors, a moved cursor, a link and a title.
    [["\x1b[1;31mred\x1b[0m\x1b[K\n"], ["red", none]],
    [["\x1b]8;;https://a.example\x07link\x1b]8;;\x07\n"], ["link", none]],
    [["\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\\n"], ["link", none]],
    [["\x1b(B\x1b[?25l\x1b=x\n"], ["x", none]],
    [["\x1b[2K\x1b[1G\n"], [none, none]],
    [["a\tb\x08\x00c\n"], ["a b c", none]],
    // Reversed text could show another message.
    [["a\u202eb\n"], ["a b", none]],
    [[Uint8Array.of(0x61, 0xff, 0x0a)], ["a\ufffd", none]],
    // A character cut in half.
    [[Uint8Array.of(0xc3), Uint8Array.of(0xa9, 0x0a)], [none, "é", none]],
  ];
  for (const [pieces, lines] of cases) {
    assertEquals(linesOf(pieces), lines, JSON.stringify(pieces));
  }
});

Deno.test("LastLineFinder.push() cuts a long line between characters", () => {
  assertEquals(linesOf(["👍👍👍\n"], 2), ["👍👍", undefined]);
  const long = "é".repeat(2_000_000);
  assertEquals(linesOf([long, long, "\nb"]), [
    undefined,
    undefined,
    "é".repeat(1_000),
    "b",
  ]);
});

Deno.test("LastLineFinder.push() finds the same line however the output is cut", () => {
  const piece = fc.string({
    unit: fc.constantFrom("a", "é", "👍", " ", "\n", "\r"),
  });
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const lines = linesOf(pieces).filter((line) => line !== undefined);
    const expected = pieces.join("").split(/[\r\n]/).map((line) => line.trim())
      .filter((line) => line !== "");
    assertEquals(lines.at(-1), expected.at(-1));
  }));
});
