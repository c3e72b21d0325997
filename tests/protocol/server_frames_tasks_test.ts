import { assertEquals } from "@std/assert";
import {
  encodeCancelRequested,
  encodeDeleted,
  encodeError,
  encodeMergedTask,
  encodeSync,
  encodeUnsubscribed,
} from "../../src/protocol/server_frames.ts";
import type { TaskDescription, TaskEvent } from "../../src/tasks/event.ts";

const id = 'a/"b"';

const event: TaskEvent = {
  connection_id: id,
  offset: 18,
  event_id: "e18",
  status: "running",
  attempt: 1,
  progress: 0.5,
  data: null,
  timestamp: "2026-11-23T20:20:58.123Z",
};

const written =
  '"connection_id":"a/\\"b\\"","offset":18,"event_id":"e18","status":"running","attempt":1,"progress":0.5,"data":null,"timestamp":"2026-11-23T20:20:58.123Z"';

const task: TaskDescription = {
  ...event,
  epoch: "e1",
  created_at: event.timestamp,
  updated_at: event.timestamp,
  watchers: 2,
  cancel_requested: true,
};

for (
  const [what, frame, expected] of [
    [
      "encodeMergedTask() tells how many events it stands for",
      encodeMergedTask(event, 3),
      `{"type":"task",${written},"skipped":3}`,
    ],
    [
      "encodeCancelRequested() names the task",
      encodeCancelRequested(id),
      '{"type":"cancel_requested","connection_id":"a/\\"b\\""}',
    ],
    [
      "encodeDeleted() names the task",
      encodeDeleted(id),
      '{"type":"deleted","connection_id":"a/\\"b\\""}',
    ],
    [
      "encodeUnsubscribed() names the task",
      encodeUnsubscribed(id),
      '{"type":"unsubscribed","connection_id":"a/\\"b\\""}',
    ],
    [
      "encodeError() names the task that it is about",
      encodeError({ code: "forbidden", message: "No", taskId: id }),
      '{"type":"error","code":"forbidden","message":"No","connection_id":"a/\\"b\\""}',
    ],
    [
      "encodeSync() names the task of a subscription first",
      encodeSync({
        taskId: id,
        epoch: "e1",
        offset: 18,
        recovered: false,
        task: undefined,
      }),
      '{"type":"sync","connection_id":"a/\\"b\\"","epoch":"e1","offset":18,"recovered":false,"task":null}',
    ],
    [
      "encodeSync() tells that the worker was asked to stop",
      encodeSync({ epoch: "e1", offset: 18, recovered: true, task }),
      `{"type":"sync","epoch":"e1","offset":18,"recovered":true,"task":{${written},"epoch":"e1","created_at":"2026-11-23T20:20:58.123Z","updated_at":"2026-11-23T20:20:58.123Z","watchers":2,"cancel_requested":true}}`,
    ],
  ] as const
) {
  Deno.test(what, () => assertEquals(frame, expected));
}
