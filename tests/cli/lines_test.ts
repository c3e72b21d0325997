import { assertEquals } from "@std/assert";
import { readLines } from "../../src/cli/lines.ts";

/** Reads a text whose bytes come in pieces of a size. */
async function linesOf(text: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.slice(index * size, (index + 1) * size),
  );
  return await Array.fromAsync(readLines(ReadableStream.from(pieces)));
}

Deno.test("readLines() splits a stream however its bytes arrive", async () => {
  const cases: [text: string, lines: string[]][] = [
    ["", []],
    ["one", ["one"]],
    ["one\n", ["one"]],
    ["one\ntwo", ["one", "two"]],
    ["one\r\ntwo\r\n", ["one", "two"]],
    ["\n\none\n", ["", "", "one"]],
    ["连接成功\n✓ 🎉\n", ["连接成功", "✓ 🎉"]],
    ["one\rtwo\n", ["one\rtwo"]],
  ];
  for (const [text, lines] of cases) {
    for (const size of [1, 2, 3, 1_000]) {
      assertEquals(await linesOf(text, size), lines);
    }
  }
});

Deno.test("readLines() yields a line before the stream ends", async () => {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const lines = readLines(readable);
  const writer = writable.getWriter();
  const written = writer.write(new TextEncoder().encode("one\ntw"));
  assertEquals(await lines.next(), { value: "one", done: false });
  await written;
  await writer.close();
  assertEquals(await lines.next(), { value: "tw", done: false });
  assertEquals(await lines.next(), { value: undefined, done: true });
});
