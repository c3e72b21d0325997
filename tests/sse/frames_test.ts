import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  createSseEncoder,
  encodeRetry,
  endEvent,
  parseLastEventId,
  pingComment,
} from "../../src/sse/frames.ts";
import {
  encodeListUpdate,
  encodeSync,
  encodeTask,
} from "../../src/protocol/server_frames.ts";
import { type Status, statuses } from "../../src/tasks/status.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function taskFrame(
  offset: number,
  status: Status,
  data: unknown = "连\n接\r\u2028",
) {
  return encodeTask(JSON.stringify({
    connection_id: "a",
    offset,
    event_id: "1",
    status,
    attempt: 1,
    timestamp: "2026-11-23T20:20:58.123Z",
    data,
  }));
}

for (
  const type of [
    "connected",
    "error",
    "auth",
    "deleted",
    "cancel_requested",
    "token_expiring",
  ]
) {
  Deno.test(`createSseEncoder() makes ${type} an event of that name, without an id`, () => {
    const frame = `{"type":"${type}","message":"连接"}`;
    const { bytes, place, ...encoded } = createSseEncoder()(frame, "e");
    assertEquals(decode(bytes), `event: ${type}\ndata: ${frame}\n\n`);
    assertEquals([encoded, place], [{ frame, type }, undefined]);
  });
}

for (const status of statuses) {
  Deno.test(`createSseEncoder() places a ${status} task in the epoch that was synced`, () => {
    const frame = taskFrame(18, status);
    const { bytes, place } = createSseEncoder()(frame, "01J:x");
    assertEquals(
      decode(bytes),
      `event: task\ndata: ${frame}\nid: 01J:x:18\n\n`,
    );
    assertEquals(frame.split(/\r\n|\r|\n/).length, 1);
    const isTerminal = ["succeeded", "failed", "canceled"].includes(status);
    assertEquals(place, { epoch: "01J:x", offset: 18, isTerminal });
  });
}

for (
  const [offset, taskOffset, status, isTerminal] of [
    [5, 5, "succeeded", true],
    [5, 5, "failed", true],
    [5, 5, "running", false],
    [4, 5, "succeeded", false],
    [0, undefined, undefined, false],
  ] as const
) {
  Deno.test(`createSseEncoder() takes sync at ${offset} of ${taskOffset} ${status} for ${isTerminal ? "the end" : "no end"}`, () => {
    for (const recovered of [true, false]) {
      const time = "2026-11-23T20:20:58.123Z";
      const frame = encodeSync({
        epoch: "e",
        offset,
        recovered,
        task: status === undefined ? undefined : {
          connection_id: "a",
          offset: taskOffset,
          event_id: "1",
          status,
          attempt: 1,
          timestamp: time,
          epoch: "e",
          created_at: time,
          updated_at: time,
          watchers: 1,
        },
      });
      const { bytes, place } = createSseEncoder()(frame, "old");
      assertEquals(
        decode(bytes),
        `event: sync\ndata: ${frame}\nid: e:${offset}\n\n`,
      );
      assertEquals(place, {
        epoch: "e",
        offset,
        isTerminal,
        headOffset: taskOffset ?? 0,
        isRecovered: recovered,
      });
    }
  });
}

Deno.test("createSseEncoder() encodes a task once for all its watchers, and for each epoch anew", () => {
  const encode = createSseEncoder();
  const first = encode(taskFrame(1, "running"), "e");
  encode('{"type":"connected"}', ""); // a new watcher
  assert(encode(taskFrame(1, "running"), "e") === first);
  const other = encode(taskFrame(1, "running"), "f");
  assertFalse(other === first);
  assertEquals(other.place?.epoch, "f");
  assertFalse(encode(taskFrame(2, "running"), "f") === other);
});

Deno.test("createSseEncoder() encodes an update once for all lists of the name", () => {
  const encode = createSseEncoder();
  const [update, other] = ["a", "b"].map((id) =>
    encodeListUpdate("labels", JSON.stringify({ connection_id: id }))
  );
  const first = encode(update ?? "", "");
  assertEquals(decode(first.bytes), `event: list_update\ndata: ${update}\n\n`);
  assert(encode(`${update}`, "") === first);
  assertFalse(encode(other ?? "", "") === first);
});

for (
  const [header, position] of [
    ["01J:17", { epoch: "01J", offset: "17" }],
    ["a:b:0", { epoch: "a:b", offset: "0" }],
    ["17", { epoch: "", offset: "17" }],
    [":", { epoch: "", offset: "" }],
    ["", undefined],
    [undefined, undefined],
  ] as const
) {
  Deno.test(`parseLastEventId() reads ${JSON.stringify(header)}`, () => {
    assertEquals(parseLastEventId(header), position);
  });
}

Deno.test("encodeRetry() belongs to the next event, or stands alone", () => {
  assertEquals(decode(encodeRetry(1_500, "event")), "retry: 1500\n");
  assertEquals(decode(encodeRetry(1_500, "nothing")), "retry: 1500\n\n");
});

Deno.test("endEvent has data, since browsers drop an event without", () => {
  assertEquals(decode(endEvent), 'event: end\ndata: {"type":"end"}\n\n');
});

Deno.test("pingComment is a comment", () => {
  assertEquals(decode(pingComment), ": ping\n\n");
});
