import { assert, assertEquals } from "@std/assert";
import {
  exampleDraft,
  exampleEvent,
  exampleId,
  examplePublished,
  exampleTask,
} from "../../src/docs/examples.ts";
import { makeApi } from "../support/api.ts";

Deno.test("exampleDraft is answered as examplePublished, and becomes exampleEvent", async () => {
  const { call } = await makeApi();
  const request = { body: JSON.stringify(exampleDraft) };
  const answer = await call(`POST /api/tasks/${exampleId}/events`, request);
  assertEquals(Object.keys(answer.json()), Object.keys(examplePublished));
  const history = await call(`GET /api/tasks/${exampleId}/events`);
  const [event] = history.json().events as Record<string, unknown>[];
  assert(event);
  // A single event gives no estimates.
  const { rate, eta, ...eventOnce } = exampleEvent;
  assert(rate > 0 && Date.parse(eta));
  const { rate: _rate, eta: _eta, ...taskOnce } = exampleTask;
  const { offset: _, event_id: __, timestamp: ___, ...rest } = eventOnce;
  for (const [name, value] of Object.entries(rest)) {
    assertEquals(event[name], value, name);
  }
  assertEquals(Object.keys(event).sort(), Object.keys(eventOnce).sort());
  const task = await call(`GET /api/tasks/${exampleId}`);
  assertEquals(
    Object.keys(task.json()).sort(),
    Object.keys(taskOnce).sort(),
  );
});
