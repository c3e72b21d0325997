import { assertEquals } from "@std/assert";
import { cutToWidth, textWidth } from "../../src/terminal/text_width.ts";

Deno.test("textWidth() counts the columns of a terminal", () => {
  const cases: Record<string, number> = {
    "": 0,
    "running": 7,
    "[██··]": 6,
    "转码中": 6,
    "ＡＢ": 4,
    "한글": 4,
    "e\u0301": 1,
    "🚀": 2,
  };
  for (const [text, width] of Object.entries(cases)) {
    assertEquals(textWidth(text), width, text);
  }
});

Deno.test("cutToWidth() keeps whole characters that fit", () => {
  const cases: [text: string, columns: number, cut: string][] = [
    ["running", 3, "run"],
    ["running", 7, "running"],
    ["running", 0, ""],
    ["转码中", 5, "转码"],
    ["转码中", 6, "转码中"],
    ["🚀🚀", 3, "🚀"],
    ["e\u0301e", 1, "e\u0301"],
  ];
  for (const [text, columns, cut] of cases) {
    assertEquals(cutToWidth(text, columns), cut, text);
  }
});
