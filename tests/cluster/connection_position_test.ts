import { assertEquals, assertLess } from "@std/assert";
import {
  comparePositions,
  encodeCursor,
  parseCursor,
} from "../../src/cluster/connection_position.ts";
import { fakeConnection } from "../support/fake_connection.ts";

const id = "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c11";
const otherId = "9b2f7c1e-52a0-4c68-9d4e-1f0a6a4f3c12";

Deno.test("comparePositions() goes by the serial number, then by the id", () => {
  const ordered = [
    { serial: 9, id: otherId },
    { serial: 10, id },
    { serial: 10, id: otherId },
    { serial: 11, id },
  ];
  assertEquals(ordered.toReversed().sort(comparePositions), ordered);
  assertEquals(comparePositions({ serial: 1, id }, { serial: 1, id }), 0);
});

Deno.test("encodeCursor() makes a short text that parseCursor() reads", () => {
  const { connection } = fakeConnection();
  const cursor = encodeCursor(connection);
  assertLess(cursor.length, 60);
  assertEquals(cursor, encodeURIComponent(cursor));
  const { serial, id } = connection;
  assertEquals(parseCursor(cursor), { serial, id });
});

for (
  const text of ["", "-1", "17", `-${id}`, `1-${id}x`, `1.5-${id}`, `x${id}`]
) {
  Deno.test(`parseCursor() knows that "${text}" is none`, () => {
    assertEquals(parseCursor(text), undefined);
  });
}
