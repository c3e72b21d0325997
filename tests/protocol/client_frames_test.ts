import {
  assert,
  assertEquals,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import {
  clientFrameTypes,
  parseClientFrame,
} from "../../src/protocol/client_frames.ts";

const longToken = "a.b-c_".repeat(9_000);
const nested = "[".repeat(20_000) + "]".repeat(20_000);

const frames: [message: string, frame: unknown][] = [
  ['{"type":"ping"}', { type: "ping" }],
  [' {"type" : "ping"}\n', { type: "ping" }],
  ['{"type":"ping","id":"a"}', { type: "ping", id: "a" }],
  ['{"type":"ping","id":""}', { type: "ping", id: "" }],
  ['{"type":"ping","id":0}', { type: "ping", id: 0 }],
  ['{"type":"ping","id":-1.5}', { type: "ping", id: -1.5 }],
  ['{"id":7,"later":{"than":"us"},"type":"ping"}', { type: "ping", id: 7 }],
  ['{"type":"ping","__proto__":{"id":1}}', { type: "ping" }],
  [`{"type":"ping","id":"${"a".repeat(256)}"}`, {
    type: "ping",
    id: "a".repeat(256),
  }],
  [`{"type":"auth","token":"${longToken}"}`, {
    type: "auth",
    token: longToken,
  }],
  [` {"token" : "${longToken}", "type":"auth"}\n`, {
    type: "auth",
    token: longToken,
  }],
  [
    `{"type":"subscribe","connection_id":"${"\\ud83d\\ude00".repeat(256)}"}`,
    { type: "subscribe", connection_id: "😀".repeat(256) },
  ],
];

for (const [message, frame] of frames) {
  Deno.test(`parseClientFrame() understands ${message.slice(0, 50)}`, () => {
    assertEquals(parseClientFrame(message), frame as never);
  });
}

const faults: [what: string, message: string | ArrayBuffer, says: string][] = [
  [
    "a binary message",
    new TextEncoder().encode('{"type":"ping"}').buffer,
    "binary",
  ],
  ["no text", "", "not JSON"],
  ["a word", "ping", "not JSON"],
  ["half a frame", '{"type":"ping"', "not JSON"],
  ["two frames", '{"type":"ping"}{"type":"ping"}', "not JSON"],
  ["null", "null", "expected object"],
  ["a string", '"ping"', "expected object"],
  ["a number", "1", "expected object"],
  ["a list", '[{"type":"ping"}]', "expected object"],
  ["deep nesting", "[".repeat(2_000) + "]".repeat(2_000), "expected object"],
  ["a long frame", `{"type":"ping","x":${nested}}`, "4096 characters"],
  [
    "a long auth frame with more in it",
    `{"type":"auth","token":"${longToken}","x":${nested}}`,
    "4096 characters",
  ],
  [
    "a long frame that only begins as auth does",
    `{"type":"auth","token":"a"},${nested}`,
    "4096 characters",
  ],
  ["no type", '{"id":1}', '"type"'],
  ["a type in capitals", '{"type":"PING"}', '"type"'],
  ["a type from a prototype", '{"type":"toString"}', '"type"'],
  ["a type that is a list", '{"type":["ping"]}', '"type"'],
  ["a long id", `{"type":"ping","id":"${"a".repeat(257)}"}`, "id"],
];

for (const [what, message, says] of faults) {
  Deno.test(`parseClientFrame() names the fault of ${what}`, () => {
    const fault = parseClientFrame(message);
    assert(typeof fault === "string", `understood as ${JSON.stringify(fault)}`);
    assertStringIncludes(fault, says);
  });
}

Deno.test("parseClientFrame() reports the id if the type is right", () => {
  for (const id of ["true", "null", "{}", "[1]", "1e400"]) {
    const fault = parseClientFrame(`{"type":"ping","id":${id}}`);
    assert(typeof fault === "string", `understood as ${JSON.stringify(fault)}`);
    assertStringIncludes(fault, "The frame's id");
  }
});

Deno.test("parseClientFrame() lists the known types", () => {
  const fault = parseClientFrame('{"type":"pong"}');
  for (const type of clientFrameTypes) {
    assertStringIncludes(String(fault), type);
  }
});

Deno.test("parseClientFrame() answers anything with a frame or a short sentence", () => {
  const messages = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
    fc.record({ type: fc.constantFrom("ping", "auth"), id: fc.jsonValue() })
      .map((frame) => JSON.stringify(frame)),
  );
  fc.assert(fc.property(messages, (message) => {
    const parsed = parseClientFrame(message);
    if (typeof parsed === "string") {
      assert(parsed !== "");
      assertLess(parsed.length, 200); // does not repeat the client's text
    } else {
      assertEquals(parsed.type, "ping");
    }
  }));
});
