import { assertEquals } from "@std/assert";
import { LineSplitter, splitLines } from "../../src/protocol/lines.ts";

/** Reads a text in pieces of a number of bytes. */
async function linesOf(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.slice(index * size, (index + 1) * size),
  );
  const batches = splitLines(ReadableStream.from(pieces));
  return (await Array.fromAsync(batches)).flat();
}

Deno.test("splitLines() splits a stream in chunks of any size", async () => {
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

Deno.test("splitLines() gives a line before the stream ends", async () => {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const batches = splitLines(readable).getReader();
  const writer = writable.getWriter();
  const written = writer.write(new TextEncoder().encode("one\ntw"));
  assertEquals(await batches.read(), { value: ["one"], done: false });
  await written;
  await writer.close();
  assertEquals(await batches.read(), { value: ["tw"], done: false });
  assertEquals((await batches.read()).done, true);
});

Deno.test("LineSplitter.end() gives the last line once", () => {
  const splitter = new LineSplitter();
  assertEquals(splitter.push("one\ntw"), ["one"]);
  assertEquals(splitter.push("o\r"), []);
  assertEquals([splitter.end(), splitter.end()], [["two"], []]);
});
