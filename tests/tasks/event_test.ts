import { assertEquals } from "@std/assert";
import { parsePositionId, positionId } from "../../src/tasks/event.ts";

Deno.test("positionId() is read again by parsePositionId()", () => {
  for (const epoch of ["life", "a:b", ""]) {
    for (const offset of [1, 42, 999_999_999_999_999]) {
      const id = positionId({ epoch, offset });
      assertEquals(parsePositionId(id, epoch), offset);
    }
  }
});

for (
  const eventId of [
    "",
    "life",
    "life:",
    "life:0",
    "life:01",
    "life:+1",
    "life:1.0",
    "life:1:1",
    "life:1 ",
    "life:1000000000000000",
    "lif:1",
    "other:1",
  ]
) {
  Deno.test(`parsePositionId() finds no position of 'life' in '${eventId}'`, () => {
    assertEquals(parsePositionId(eventId, "life"), undefined);
  });
}
