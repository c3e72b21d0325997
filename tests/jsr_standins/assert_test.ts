// The properties of @std/assert needed by taskwire: assertions fail when they
// should, and the signatures narrow types.
import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";

Deno.test("assertEquals() compares deeply, and by prototype", () => {
  assertEquals({ a: [1, { b: new Map([[1, "x"]]) }] }, {
    a: [1, { b: new Map([[1, "x"]]) }],
  });
  assertEquals(new Uint8Array([1]), new Uint8Array([1]));
  assertNotEquals<unknown>(new Date(0), { getTime: () => 0 });
  for (const [one, other] of [[{ a: 1 }, { a: 2 }], [[1], [1, 2]], [0, -1]]) {
    assertThrows(() => assertEquals<unknown>(one, other), AssertionError);
  }
});

Deno.test("assertEquals() shows both values when they differ", () => {
  const error = assertThrows(() => assertEquals("left", "right", "why"));
  assertInstanceOf(error, AssertionError);
  assertStringIncludes(error.message, "why");
  assertMatch(error.message, /left[^]*right/);
});

Deno.test("assert(), assertExists() and assertInstanceOf() narrow types", () => {
  const values: (Date | string | undefined)[] = [new Date(7), "text"];
  const [date, text, nothing] = values;
  assertExists(date);
  assertInstanceOf(date, Date);
  assertEquals(date.getTime(), 7);
  assert(typeof text === "string");
  assertEquals(text.length, 4);
  assertThrows(() => assertExists(nothing), AssertionError);
  assertThrows(() => assertInstanceOf(text, Date), AssertionError);
  assertThrows(() => assert(nothing), AssertionError);
});

Deno.test("assertThrows() and assertRejects() return the error of the class asked for", async () => {
  class Refusal extends Error {
    readonly code = 4;
  }
  const thrown = assertThrows(
    () => {
      throw new Refusal("no");
    },
    Refusal,
    "no",
  );
  assertEquals(thrown.code, 4);
  const rejected = await assertRejects(
    () => Promise.reject(new Refusal("no")),
    Refusal,
  );
  assertEquals(rejected.code, 4);
  assertThrows(() => assertThrows(() => {}), AssertionError);
  await assertRejects(
    () => assertRejects(() => Promise.resolve()),
    AssertionError,
  );
  await assertRejects(
    () => assertRejects(() => Promise.reject(new Error("no")), Refusal),
    AssertionError,
  );
});

Deno.test("assertObjectMatch() and assertArrayIncludes() ask for a part", () => {
  assertObjectMatch({ a: { b: 1, c: 2 } }, { a: { b: 1 } });
  assertArrayIncludes([{ a: 1 }, { b: 2 }], [{ b: 2 }]);
  assertThrows(() => assertObjectMatch({ a: 1 }, { b: 1 }), AssertionError);
  assertThrows(() => assertArrayIncludes([1], [2]), AssertionError);
});

Deno.test("assertStrictEquals() compares identity", () => {
  assertStrictEquals(NaN, NaN);
  assertThrows(() => assertStrictEquals([], []), AssertionError);
});

Deno.test("fail() fails", () => {
  assertThrows(() => fail("here"), AssertionError, "here");
});
