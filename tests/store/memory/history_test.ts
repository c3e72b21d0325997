import { assertEquals } from "@std/assert";
import { MemoryHistory } from "../../../src/store/memory/history.ts";

function historyOf(limit: number, eventIds: readonly string[]) {
  const history = new MemoryHistory(limit, "life");
  for (const event_id of eventIds) {
    history.push(event_id, JSON.stringify({ event_id }));
  }
  return history;
}

const ids = ["a", "life:2", "c", "life:4", "e", "f", "g"];

Deno.test("MemoryHistory.after() returns the events after each kept offset", () => {
  for (let count = 1; count <= ids.length; count++) {
    const kept = ids.slice(0, count);
    const history = historyOf(3, kept);
    for (let offset = Math.max(0, count - 3); offset <= count; offset++) {
      const expected = kept.slice(offset).map((event_id, index) => ({
        offset: offset + 1 + index,
        json: JSON.stringify({ event_id }),
      }));
      assertEquals(history.after(offset, 10), expected);
      assertEquals(history.after(offset, 1), expected.slice(0, 1));
    }
  }
});

Deno.test("MemoryHistory.findOffset() finds only kept events, named or not", () => {
  for (let count = 1; count <= ids.length; count++) {
    const history = historyOf(3, ids.slice(0, count));
    for (const [index, eventId] of ids.entries()) {
      const offset = index + 1;
      const isKept = offset <= count && offset > count - 3;
      assertEquals(history.findOffset(eventId), isKept ? offset : undefined);
    }
  }
  const history = historyOf(10, ids);
  for (const eventId of ["life:1", "life:8", "life:0", "other:2", "x"]) {
    assertEquals(history.findOffset(eventId), undefined);
  }
});

Deno.test("MemoryHistory accepts an event_id again once no longer kept", () => {
  const history = historyOf(2, ["a", "b", "c", "a", "d", "e"]);
  assertEquals(history.findOffset("a"), undefined);
  assertEquals(historyOf(2, ["a", "b", "c", "a", "d"]).findOffset("a"), 4);
});
