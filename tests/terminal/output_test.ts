import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { printError, printLine, printRaw } from "../../src/terminal/output.ts";
import { program } from "../support/taskwire.ts";

/** Returns the text written to a stream that accepts at most `bytesAtOnce` bytes per write. */
function written(
  stream: typeof Deno.stdout | typeof Deno.stderr,
  bytesAtOnce: number,
  act: () => void,
): string {
  const bytes: number[] = [];
  using _stub = stub(stream, "writeSync", (chunk: Uint8Array) => {
    const taken = chunk.subarray(0, bytesAtOnce);
    bytes.push(...taken);
    return taken.length;
  });
  act();
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

Deno.test("printLine() writes a line to standard output", () => {
  assertEquals(written(Deno.stdout, 1_000, () => printLine("状态")), "状态\n");
  assertEquals(written(Deno.stdout, 1_000, () => printLine()), "\n");
});

Deno.test("printError() writes a line to standard error", () => {
  assertEquals(written(Deno.stderr, 1_000, () => printError("状态")), "状态\n");
});

Deno.test("printRaw() writes the whole text to a pipe that accepts few bytes at a time", () => {
  const text = "✅ a".repeat(1_000);
  assertEquals(written(Deno.stdout, 7, () => printRaw(text)), text);
});

Deno.test("printLine() ends the command without an error if standard output is closed", async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", 'read _ && exec "$@"', "sh", ...program(), "config"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("go\n"));
  await stdin.close();
  assertEquals(await new Response(child.stderr).text(), "");
  await child.status;
});
