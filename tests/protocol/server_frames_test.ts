import { assertEquals } from "@std/assert";
import {
  encodeBareConnected,
  encodeConnected,
  encodeEcho,
  encodeError,
  encodePong,
  encodeSync,
  encodeTask,
} from "../../src/protocol/server_frames.ts";
import type { TaskEvent } from "../../src/tasks/event.ts";

const message = "WebSocket连接成功";

Deno.test("encodeConnected() writes the five members of the spec, byte for byte", () => {
  assertEquals(
    encodeConnected({
      message,
      taskId: "upload_123456",
      userId: "1",
      authStatus: "authenticated",
    }),
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"upload_123456","user_id":1,"auth_status":"authenticated"}',
  );
});

Deno.test("encodeConnected() escapes ids", () => {
  const frame = encodeConnected({
    message: 'say "hi"}',
    taskId: 'a"/\\}\u2028',
    userId: 'O"Neil',
    authStatus: "guest",
  });
  assertEquals(JSON.parse(frame), {
    type: "connected",
    message: 'say "hi"}',
    connection_id: 'a"/\\}\u2028',
    user_id: 'O"Neil',
    auth_status: "guest",
  });
});

Deno.test("encodeConnected() writes a user id's digits as they are", () => {
  const encode = (userId: string) =>
    encodeConnected({
      message,
      taskId: "a",
      userId,
      authStatus: "guest",
    });
  const table = {
    "1152921504606846976": ',"user_id":1152921504606846976,',
    "9007199254740993": ',"user_id":"9007199254740993",',
    "007": ',"user_id":"007",',
  };
  for (const [userId, member] of Object.entries(table)) {
    assertEquals(encode(userId).includes(member), true, encode(userId));
  }
});

Deno.test("encodeBareConnected() writes three members", () => {
  assertEquals(
    encodeBareConnected(message, "a/b"),
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"a/b"}',
  );
});

Deno.test("encodeEcho() gives a text back as it came", () => {
  assertEquals(
    encodeEcho("t1", '{"a":"é"}\n'),
    '{"type":"echo","connection_id":"t1","message":"{\\"a\\":\\"é\\"}\\n"}',
  );
});

Deno.test("encodeError() has the code, and the retry delay if known", () => {
  assertEquals(
    encodeError({ code: "bad_frame", message: "The frame is not JSON" }),
    '{"type":"error","code":"bad_frame","message":"The frame is not JSON"}',
  );
  assertEquals(
    encodeError({ code: "too_slow", message: "Slow", retryAfterMs: 0 }),
    '{"type":"error","code":"too_slow","message":"Slow","retry_after_ms":0}',
  );
});

Deno.test("encodePong() returns the ping's id, if it had one", () => {
  assertEquals(encodePong(undefined), '{"type":"pong"}');
  assertEquals(encodePong("7"), '{"type":"pong","id":"7"}');
  assertEquals(encodePong(7), '{"type":"pong","id":7}');
  assertEquals(encodePong(0), '{"type":"pong","id":0}');
  assertEquals(encodePong(""), '{"type":"pong","id":""}');
});

const event: TaskEvent = {
  connection_id: "upload_123456",
  offset: 18,
  event_id: "e18",
  status: "running",
  attempt: 1,
  progress: 0.42,
  current: 42,
  total: 100,
  unit: "rows",
  message: "transcoding",
  data: { frame: 1200 },
  timestamp: "2026-11-23T20:20:58.123Z",
};

Deno.test("encodeTask() writes an event as the spec shows it", () => {
  assertEquals(
    encodeTask(JSON.stringify(event)),
    '{"type":"task","connection_id":"upload_123456","offset":18,"event_id":"e18","status":"running","attempt":1,"progress":0.42,"current":42,"total":100,"unit":"rows","message":"transcoding","data":{"frame":1200},"timestamp":"2026-11-23T20:20:58.123Z"}',
  );
});

Deno.test("encodeTask() leaves absent members out, and keeps a null of the publisher's", () => {
  const { connection_id, offset, event_id, status, attempt, timestamp } = event;
  const bare = { connection_id, offset, event_id, status, attempt };
  assertEquals(
    encodeTask(JSON.stringify({ ...bare, data: null, timestamp })),
    '{"type":"task","connection_id":"upload_123456","offset":18,"event_id":"e18","status":"running","attempt":1,"data":null,"timestamp":"2026-11-23T20:20:58.123Z"}',
  );
});

Deno.test("encodeSync() has no task if nothing was published", () => {
  assertEquals(
    encodeSync({
      epoch: "e1",
      offset: 0,
      recovered: false,
      task: undefined,
    }),
    '{"type":"sync","epoch":"e1","offset":0,"recovered":false,"task":null}',
  );
});

Deno.test("encodeSync() has the snapshot with the number of watchers", () => {
  const snapshot = {
    ...event,
    epoch: "e1",
    created_at: "2026-11-23T20:20:00.000Z",
    updated_at: event.timestamp,
  };
  const frame = encodeSync({
    epoch: "e1",
    offset: 17,
    recovered: true,
    task: { ...snapshot, watchers: 3 },
  });
  assertEquals(
    frame.startsWith(
      '{"type":"sync","epoch":"e1","offset":17,"recovered":true,"task":{',
    ),
    true,
    frame,
  );
  assertEquals(JSON.parse(frame).task, { ...snapshot, watchers: 3 });
});
