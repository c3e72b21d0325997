import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  clientFrameTypes,
  parseClientFrame,
} from "../../src/protocol/client_frames.ts";

const frames: [frame: Record<string, unknown>, ignored?: unknown][] = [
  [{ type: "subscribe", connection_id: "a" }],
  [{ type: "subscribe", connection_id: "a/b c" }, { more: 1 }],
  [{ type: "subscribe", connection_id: "a", epoch: "e1", offset: 0 }],
  [{ type: "subscribe", connection_id: "a", epoch: "" }],
  [{ type: "subscribe", connection_id: "a", offset: 2 ** 53 - 1 }],
  [{ type: "subscribe", connection_id: "😀".repeat(256) }],
  [{ type: "unsubscribe", connection_id: "a" }, { epoch: 7 }],
  [{ type: "cancel", connection_id: "a" }, { offset: -1 }],
];

for (const [frame, ignored] of frames) {
  Deno.test(`parseClientFrame() understands ${JSON.stringify(frame).slice(0, 70)}`, () => {
    const message = JSON.stringify({ ...frame, ...ignored as object });
    assertEquals<unknown>(parseClientFrame(message), frame);
  });
}

/** Faults of an id, in any frame. */
const badIds: [id: unknown, says: string][] = [
  [undefined, "connection_id"],
  [null, "connection_id"],
  [7, "connection_id"],
  [["a"], "connection_id"],
  ["", "empty"],
  ["a".repeat(257), "longer than 256"],
  ["a\n", "control character"],
  ["\0", "control character"],
  ["\ud800", "not valid Unicode"],
];

for (const type of ["subscribe", "unsubscribe", "cancel"]) {
  Deno.test(`parseClientFrame() names the fault of the id to ${type}`, () => {
    for (const [connection_id, says] of badIds) {
      const fault = parseClientFrame(JSON.stringify({ type, connection_id }));
      assert(typeof fault === "string", `took ${JSON.stringify(fault)}`);
      assertStringIncludes(fault, "The frame's connection_id: ");
      assertStringIncludes(fault, says);
    }
  });
}

for (
  const [member, value] of [
    ["offset", -1],
    ["offset", 0.5],
    ["offset", "1"],
    ["offset", null],
    ["offset", 2 ** 53],
    ["epoch", 1],
    ["epoch", null],
  ] as const
) {
  Deno.test(`parseClientFrame() subscribes from no ${member} ${JSON.stringify(value)}`, () => {
    const frame = { type: "subscribe", connection_id: "a", [member]: value };
    const fault = parseClientFrame(JSON.stringify(frame));
    assert(typeof fault === "string", `took ${JSON.stringify(fault)}`);
    assertStringIncludes(fault, `The frame's ${member}`);
  });
}

Deno.test("parseClientFrame() answers any members with a frame of theirs or a sentence", () => {
  const messages = fc.record({
    type: fc.constantFrom(...clientFrameTypes),
    connection_id: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
    epoch: fc.jsonValue(),
    offset: fc.oneof(fc.integer(), fc.jsonValue()),
  }, { requiredKeys: ["type"] });
  fc.assert(fc.property(messages, (message) => {
    const parsed = parseClientFrame(JSON.stringify(message));
    if (typeof parsed === "string") {
      assert(parsed !== "" && parsed.length < 300);
      return;
    }
    const { type, ...members } = parsed;
    assertEquals(type, message.type);
    for (const [name, value] of Object.entries(members)) {
      assertEquals(value, (message as Record<string, unknown>)[name]);
    }
  }));
});
