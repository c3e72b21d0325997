import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { fulfilled, settle } from "../../src/async/settle.ts";

const reason = new RangeError("no");

function refuse(): never {
  throw reason;
}

Deno.test("settle() returns the result or the error", () => {
  assertEquals(settle(() => 1), { status: "fulfilled", value: 1 });
  assertEquals(settle(refuse), { status: "rejected", reason });
});

Deno.test("fulfilled() undoes settle()", () => {
  assertEquals(fulfilled(settle(() => undefined)), undefined);
  const thrown = assertThrows(() => fulfilled(settle(refuse)));
  assertStrictEquals(thrown, reason);
});

Deno.test("fulfilled() throws a TypeError if the result is missing", () => {
  assertThrows(() => fulfilled(undefined), TypeError, "Missing result");
});
