import { assertEquals } from "@std/assert";
import * as encoders from "../../../src/protocol/server_frames.ts";
import {
  authStatusSchema,
  type ServerFrameName,
} from "../../../src/docs/schemas/frame_schemas.ts";
import { exampleEvent, exampleTask } from "../../../src/docs/examples.ts";
import type { TaskDescription, TaskEvent } from "../../../src/tasks/event.ts";
import { assertFrame, asyncApi, faultsOf } from "../../support/documents.ts";

const json = JSON.stringify(exampleEvent);
const event = exampleEvent as TaskEvent;
const task = { ...exampleTask, cancel_requested: true } as TaskDescription;
const sync = { epoch: "e", offset: 1, recovered: true };

const encoded: readonly (readonly [
  keyof typeof encoders,
  ServerFrameName,
  string,
])[] = [
  ...authStatusSchema.options.flatMap((authStatus) =>
    // 2^60 is exact in a double, but not a safe integer
    ["1", "O'Neil", "1152921504606846976"].map((userId) =>
      [
        "encodeConnected",
        "Connected",
        encoders.encodeConnected({
          message: "",
          taskId: "a",
          userId,
          authStatus,
        }),
      ] as const
    )
  ),
  [
    "encodeBareConnected",
    "BareConnected",
    encoders.encodeBareConnected("", "a"),
  ],
  [
    "encodeError",
    "ErrorFrame",
    encoders.encodeError({ code: "forbidden", message: "" }),
  ],
  [
    "encodeError",
    "ErrorFrame",
    encoders.encodeError({
      code: "rate_limited",
      message: "",
      retryAfterMs: 5,
      taskId: "a",
    }),
  ],
  [
    "encodeError",
    "ErrorFrame",
    encoders.encodeError({ code: "forbidden", message: "", list: '"' }),
  ],
  ["encodeEcho", "Echo", encoders.encodeEcho("a", "")],
  ["encodeSync", "Sync", encoders.encodeSync({ ...sync, task: undefined })],
  [
    "encodeSync",
    "Sync",
    encoders.encodeSync({ ...sync, task, taskId: "a" }),
  ],
  ["encodeTask", "TaskEvent", encoders.encodeTask(json)],
  ["encodeMergedTask", "TaskEvent", encoders.encodeMergedTask(event, 2)],
  [
    "encodeCancelRequested",
    "CancelRequested",
    encoders.encodeCancelRequested("a"),
  ],
  ["encodeDeleted", "Deleted", encoders.encodeDeleted("a")],
  ["encodeUnsubscribed", "Unsubscribed", encoders.encodeUnsubscribed("a")],
  ["encodeList", "List", encoders.encodeList("a", [], true)],
  [
    "encodeList",
    "List",
    encoders.encodeList('"', [JSON.stringify(task)], false),
  ],
  [
    "encodeListUpdate",
    "ListUpdate",
    encoders.encodeListUpdate('"', JSON.stringify(task)),
  ],
  ["encodeListRemove", "ListRemove", encoders.encodeListRemove('"', "a")],
  [
    "encodeListUnsubscribed",
    "ListUnsubscribed",
    encoders.encodeListUnsubscribed('"'),
  ],
  ["encodeAuth", "Auth", encoders.encodeAuth("42", "authenticated")],
  ["encodeTokenExpiring", "TokenExpiring", encoders.encodeTokenExpiring(30)],
  ["encodePong", "Pong", encoders.encodePong(undefined)],
  ["encodePong", "Pong", encoders.encodePong("x")],
];

for (const [encoder, name, frame] of encoded) {
  Deno.test(`serverFrameSchemas.${name} accepts a frame of ${encoder}(): ${frame}`, () => {
    assertFrame(name, JSON.parse(frame));
  });
}

Deno.test("serverFrameSchemas are checked against every encoder", () => {
  const held = new Set(encoded.map(([encoder]) => encoder));
  assertEquals([...held].sort(), Object.keys(encoders).sort() as never);
});

Deno.test("serverFrameSchemas reject malformed frames", () => {
  const { schemas } = asyncApi.components as { schemas: object };
  for (const name of Object.keys(schemas)) {
    const faults = faultsOf("asyncapi", ["components", "schemas", name], {
      type: "unheard-of",
    });
    assertEquals(faults === "", false, name);
  }
});
