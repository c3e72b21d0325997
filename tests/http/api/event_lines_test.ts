import { assertEquals } from "@std/assert";
import { maxEventBytes } from "../../../src/http/api/draft_body.ts";
import {
  type ByteSource,
  LineBatches,
} from "../../../src/http/api/event_lines.ts";

/** Reads the lines of a body in pieces: numbers with texts or problem codes. */
async function linesOf(
  pieces: readonly Uint8Array[],
  end: "complete" | "broken" = "complete",
): Promise<string[]> {
  const rest = [...pieces];
  const source: ByteSource = {
    next: () => Promise.resolve(rest.shift() ?? end),
  };
  const batches = new LineBatches(source);
  const lines: string[] = [];
  for (;;) {
    const batch = await batches.next();
    if (batch.length === 0) return lines;
    for (const { number, content } of batch) {
      lines.push(
        `${number} ${typeof content === "string" ? content : content.code}`,
      );
    }
  }
}

const long = "x".repeat(maxEventBytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

for (
  const [what, body, lines] of [
    ["nothing", bytesOf(""), []],
    ["a line without its end", bytesOf("one"), ["1 one"]],
    ["two lines", bytesOf("one\r\ntwo\n"), ["1 one\r", "2 two"]],
    ["blank lines", bytesOf("\n \t\r\none\n\n"), ["3 one"]],
    ["other letters", bytesOf("上传\n🎉"), ["1 上传", "2 🎉"]],
    ["a byte order mark", bytesOf("\uFEFFone\n\uFEFFtwo"), [
      "1 one",
      "2 \uFEFFtwo",
    ]],
    ["a line of the largest size", bytesOf(`${long}\none`), [
      `1 ${long}`,
      "2 one",
    ]],
    ["a longer line", bytesOf(`one\n${long}x\ntwo`), [
      "1 one",
      "2 body_too_large",
      "3 two",
    ]],
    [
      "bytes that are not UTF-8",
      Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a, 0x62, 0x0a, 0xc3),
      ["1 a", "2 bad_json", "3 b", "4 bad_json"],
    ],
  ] as const
) {
  Deno.test(`LineBatches handles ${what}, arriving in any pieces`, async () => {
    for (
      const size of [1, 2, 3, 65_536].filter((it) => body.length / it < 1_000)
    ) {
      const pieces = Array.from(
        { length: Math.ceil(body.length / size) },
        (_, at) => body.subarray(at * size, (at + 1) * size),
      );
      assertEquals(await linesOf(pieces), [...lines]);
    }
  });
}

Deno.test("LineBatches drops the unfinished last line of a broken body", async () => {
  assertEquals(await linesOf([bytesOf("one\ntw")], "broken"), ["1 one"]);
});
