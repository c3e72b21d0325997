import { assertEquals, assertThrows } from "@std/assert";
import {
  announceLate,
  encodeHead,
  encodeNotice,
  encodeTopicDeletion,
  parseMessage,
  parseTopicMessage,
} from "../../../src/store/redis/announcement.ts";
import { eventAnnouncement } from "../../../src/tasks/store.ts";
import { applyChange, type TaskState } from "../../../src/tasks/state.ts";

/** A task's first event, and the state after the event. */
function begin(draft: Parameters<typeof applyChange>[1]) {
  const result = applyChange(undefined, draft, {
    taskId: "a",
    epoch: "one",
    now: new Date(0),
  });
  if ("code" in result || !result.event) throw new Error("Refused");
  const { event, state } = result;
  return { event, state, json: JSON.stringify(event) };
}

Deno.test("parseMessage() announces an event like the storing process", () => {
  for (
    const draft of [
      {},
      { labels: ["team:7"] },
      { user_id: "7", lease: 30, message: "two\nlines", data: { a: "\n" } },
    ]
  ) {
    const { event, state, json } = begin(draft);
    assertEquals(
      parseMessage(`${encodeHead(state)}\n${json}`, "a"),
      eventAnnouncement(event, json, state),
    );
  }
});

Deno.test("parseMessage() parses messages that are no events", () => {
  for (const kind of ["cancel_requested", "deleted"] as const) {
    assertEquals(parseMessage(encodeNotice(kind), "a/b"), {
      kind,
      taskId: "a/b",
    });
  }
});

Deno.test("parseMessage() takes the task from the channel, not from the message", () => {
  const { event, state, json } = begin({});
  const here = { ...event, connection_id: "b" };
  assertEquals(
    parseMessage(`${encodeHead(state)}\n${json}`, "b"),
    eventAnnouncement(here, JSON.stringify(here), state),
  );
});

for (
  const message of [
    "",
    "not JSON",
    "null",
    "7",
    "{}",
    '{"kind":"event"}',
    '{"kind":"event","epoch":"one"}\nnull',
    '{"kind":"event","epoch":"one"}\n{"offset":"1"}',
    '{"kind":"event"}\n{"offset":1}',
    '{"kind":"renamed"}',
  ]
) {
  Deno.test(`parseMessage() refuses ${JSON.stringify(message)}`, () => {
    assertThrows(() => parseMessage(message, "a"));
  });
}

Deno.test("parseTopicMessage() parses a change and a deletion", () => {
  const { state } = begin({ user_id: "7", labels: ["l"], message: "a\nb" });
  assertEquals(
    parseTopicMessage(
      `{"kind":"topic_changed","watchers":3}\n${JSON.stringify(state)}`,
    ),
    { kind: "topic_changed", state, watchers: 3 },
  );
  assertEquals(parseTopicMessage(encodeTopicDeletion(state)), {
    kind: "topic_deleted",
    taskId: "a",
    owner: "7",
    labels: ["l"],
  });
});

for (
  const message of [
    "",
    "not JSON",
    "null",
    "7",
    "{}",
    '{"kind":"topic_changed","watchers":3}',
    '{"kind":"topic_changed","watchers":3}\nnull',
    '{"kind":"topic_changed","watchers":3}\n{"snapshot":{}}',
    '{"kind":"topic_deleted"}',
    '{"kind":"renamed"}',
  ]
) {
  Deno.test(`parseTopicMessage() refuses ${JSON.stringify(message)}`, () => {
    assertThrows(() => parseTopicMessage(message));
  });
}

Deno.test("announceLate() announces an event of before, without the lease of the newest", () => {
  const { event, state, json } = begin({ user_id: "7" });
  const newest: TaskState = { ...state, leaseEndsAtMs: 5 };
  assertEquals(
    announceLate(json, newest),
    eventAnnouncement(event, json, state),
  );
});
