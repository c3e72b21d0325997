import { assertEquals } from "@std/assert";
import { writeAll } from "../../src/async/write_all.ts";

Deno.test("writeAll() writes until all bytes are accepted", () => {
  const taken: number[] = [];
  const writer = {
    writeSync(bytes: Uint8Array): number {
      const part = bytes.subarray(0, 2);
      taken.push(...part);
      return part.length;
    },
  };
  writeAll(writer, "状态 ✓");
  assertEquals(new TextDecoder().decode(Uint8Array.from(taken)), "状态 ✓");
  writeAll(writer, "");
  assertEquals(taken.length, 10);
});
