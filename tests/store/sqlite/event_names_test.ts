import { assertEquals } from "@std/assert";
import {
  EventNames,
  maxNames,
  storedName,
} from "../../../src/store/sqlite/event_names.ts";

/** Offsets of a task with so many events, of which so many are committed. */
function kept(newest: number, committed = newest, oldestKept = 1) {
  return { oldestKept, newest, committed };
}

Deno.test("EventNames.find() finds named and unnamed events, and no other", () => {
  const names = new EventNames();
  names.push("one", kept(1));
  names.push("three", kept(3));
  const find = (eventId: string) => names.find(eventId, "life", kept(4));
  assertEquals(
    ["one", "three", "life:2", "life:4"].map(find),
    [1, 3, 2, 4],
  );
  assertEquals(
    ["two", "life:1", "life:5", "life:0", "other:2", "life:02"].map(find),
    Array(6).fill(undefined),
  );
});

Deno.test("EventNames.find() knows no event that is no longer kept", () => {
  const names = new EventNames();
  for (const offset of [1, 2, 3]) {
    names.push(`e${offset}`, kept(offset, offset, Math.max(1, offset - 1)));
  }
  const find = (eventId: string) => names.find(eventId, "life", kept(3, 3, 2));
  assertEquals(["e1", "e2", "e3"].map(find), [undefined, 2, 3]);
  names.push("e1", kept(4, 4, 3));
  assertEquals(names.find("e1", "life", kept(4, 4, 3)), 4);
});

Deno.test("EventNames.find() says to ask the database if there are too many names", () => {
  const names = new EventNames();
  const total = maxNames + 10;
  for (let offset = 1; offset <= total; offset++) {
    names.push(`e${offset}`, kept(offset));
  }
  const find = (eventId: string) => names.find(eventId, "life", kept(total));
  assertEquals(find(`e${total}`), total);
  assertEquals(["e1", "unknown", "life:1"].map(find), ["ask", "ask", "ask"]);
});

Deno.test("EventNames keeps all names that the database does not have yet", () => {
  const names = new EventNames();
  const total = maxNames + 10;
  for (let offset = 1; offset <= total; offset++) {
    names.push(`e${offset}`, kept(offset, 0));
  }
  for (const offset of [1, total]) {
    assertEquals(names.find(`e${offset}`, "life", kept(total, 0)), offset);
  }
});

Deno.test("EventNames.addAll() takes names from the database", () => {
  const names = new EventNames();
  names.addAll({ rows: ["one", 1, "three", 3], hasMore: false });
  const find = (eventId: string) => names.find(eventId, "life", kept(3));
  assertEquals(["one", "three", "life:2", "two"].map(find), [
    1,
    3,
    2,
    undefined,
  ]);
  assertEquals(names.length, "onethree".length);
  const many = new EventNames();
  many.addAll({ rows: [], hasMore: true });
  assertEquals(many.find("one", "life", kept(3)), "ask");
  // An event without a name that is not committed yet.
  assertEquals(many.find("life:3", "life", kept(3, 2)), 3);
});

Deno.test("storedName() stores no name made from the position", () => {
  assertEquals(storedName("life:3", "life", 3), null);
  for (const name of ["life:2", "other:3", "three"]) {
    assertEquals(storedName(name, "life", 3), name);
  }
});
