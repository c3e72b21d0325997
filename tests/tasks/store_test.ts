import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  eventAnnouncement,
  StoreUnavailableError,
} from "../../src/tasks/store.ts";

const event = {
  connection_id: "a",
  offset: 1,
  event_id: "e1",
  status: "running",
  attempt: 1,
  timestamp: "2026-11-23T20:20:58.123Z",
} as const;

const snapshot = {
  ...event,
  epoch: "life",
  created_at: event.timestamp,
  updated_at: event.timestamp,
};

Deno.test("eventAnnouncement() includes owner, labels and lease, if present", () => {
  const json = JSON.stringify(event);
  const position = { epoch: "life", offset: 1 };
  const bare = { kind: "event", event, json, position } as const;
  assertEquals(eventAnnouncement(event, json, { snapshot }), bare);
  assertEquals(
    eventAnnouncement(event, json, {
      snapshot: { ...snapshot, labels: ["x"] },
      owner: "",
      leaseEndsAtMs: 0,
      cancelRequested: true,
    }),
    { ...bare, owner: "", labels: ["x"], leaseEndsAtMs: 0 },
  );
});

Deno.test("StoreUnavailableError is an Error that keeps its cause", () => {
  const cause = new Error("the disk is full");
  const error = new StoreUnavailableError("down", { cause });
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.message, error.cause], [
    "StoreUnavailableError",
    "down",
    cause,
  ]);
});
