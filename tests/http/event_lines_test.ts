import { assertEquals } from "@std/assert";
import { maxEventBytes } from "../../src/http/draft_body.ts";
import { arrivingLines, linesOf } from "../../src/http/event_lines.ts";
import { type Line, tooLong } from "../../src/protocol/lines.ts";
import { captureLog } from "../support/captured_log.ts";

/** A body of these pieces, which breaks after them where it is said to. */
function bodyOf(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  breaks = false,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece) controller.enqueue(piece);
      else if (breaks) controller.error(new Deno.errors.BadResource("broken"));
      else controller.close();
    },
  });
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

const cases: readonly (readonly [text: string, lines: readonly Line[]])[] = [
  ["", []],
  ["one", ["one"]],
  ["one\r\ntwo\n", ["one", "two"]],
  ["\n\none", ["", "", "one"]],
  ["上传\n🎉", ["上传", "🎉"]],
  [`${"x".repeat(maxEventBytes + 1)}\none`, [tooLong, "one"]],
];

for (const [text, lines] of cases) {
  const what = JSON.stringify(text.slice(0, 20));

  Deno.test(`linesOf() cuts ${what} into ${lines.length} lines`, () => {
    assertEquals(linesOf(text), [...lines]);
  });

  Deno.test(`arrivingLines() cuts ${what} into ${lines.length} lines, however it arrives`, async () => {
    const bytes = encode(text);
    for (const size of [1, 2, 3, bytes.length].filter((it) => it > 0)) {
      if (bytes.length / size > 1_000) continue;
      const pieces = Array.from(
        { length: Math.ceil(bytes.length / size) },
        (_, at) => bytes.slice(at * size, (at + 1) * size),
      );
      const batches = await Array.fromAsync(arrivingLines(bodyOf(pieces)));
      assertEquals(batches.flat(), [...lines]);
      assertEquals(batches.every((batch) => batch.length > 0), true);
    }
  });
}

Deno.test("arrivingLines() ends in quiet where the body breaks, without the line that was begun", async () => {
  using log = captureLog();
  const pieces = [encode("one\ntwo\nth"), encode("ree\n{}")];
  const batches = await Array.fromAsync(arrivingLines(bodyOf(pieces, true)));
  assertEquals(batches, [["one", "two"], ["three"]]);
  const [line = "", ...others] = log.text.trimEnd().split("\n");
  assertEquals(others, []);
  const { level, message } = JSON.parse(line);
  assertEquals([level, message.split(":")[0]], [
    "DEBUG",
    "A body did not arrive",
  ]);
});

Deno.test("arrivingLines() reads no further than it is read", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulls += 1;
      controller.enqueue(encode("one\n"));
    },
  }, { highWaterMark: 0 });
  const reader = arrivingLines(body).getReader();
  for (const read of [1, 2, 3]) {
    assertEquals((await reader.read()).value, ["one"]);
    assertEquals(pulls, read);
  }
  await reader.cancel();
});

Deno.test("arrivingLines() gives up the body while it waits for more of it", async () => {
  const reasons: unknown[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    cancel: (reason) => void reasons.push(reason),
  });
  const reader = arrivingLines(body).getReader();
  const reading = reader.read();
  await reader.cancel("stop");
  assertEquals((await reading).done, true);
  assertEquals(reasons, ["stop"]);
});
