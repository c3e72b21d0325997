import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseClientFrame } from "../../src/protocol/client_frames.ts";
import { findInexactNumber } from "../../src/protocol/exact_numbers.ts";
import { makeApi } from "../support/api.ts";

for (
  const json of [
    "9007199254740991",
    "9007199254740992",
    "-9007199254740992",
    "0.1234567890123456789",
    "1.7976931348623157e308",
    "0e999",
    "0.000e-400",
    '{"a":"1764338400123456789 1e400"}',
    '["\\"1764338400123456789"]',
  ]
) {
  Deno.test(`findInexactNumber() finds none in ${json}`, () => {
    assertEquals(findInexactNumber(json), undefined);
  });
}

for (
  const number of [
    "9007199254740993",
    "-9007199254740993",
    "1764338400123456789",
    "1e400",
    "-1E+400",
    "1e-400",
    "1e0400",
  ]
) {
  Deno.test(`findInexactNumber() finds ${number}`, () => {
    assertEquals(findInexactNumber(number), number);
    assertEquals(findInexactNumber(`{"a 1":["\\"",[${number}, 1]]}`), number);
  });
}

Deno.test("findInexactNumber() shows the beginning of a long number", () => {
  assertEquals(findInexactNumber("9".repeat(200_000)), "9".repeat(40));
});

Deno.test("parseClientFrame() refuses a ping with an inexact id", () => {
  const fault = parseClientFrame('{"type":"ping","id":1764338400123456789}');
  assertStringIncludes(String(fault), "1764338400123456789");
});

Deno.test("POST events answers 422 to a number that would be changed", async () => {
  const { call } = await makeApi();
  const body = '{"data":{"ns":1764338400123456789}}';
  const { status, text } = await call("POST /api/tasks/a/events", { body });
  assertEquals(status, 422);
  assertStringIncludes(text, "1764338400123456789");
});
