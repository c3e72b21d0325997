/** The id of the example task. */
export const exampleId = "upload_123456";

/** The epoch of the example task. */
export const exampleEpoch = "a562bcd5-50b5-4f2e-8f39-6d0f4d0b7c55";

/** A published event. */
export const exampleDraft = {
  status: "running",
  current: 42,
  total: 100,
  unit: "rows",
  message: "transcoding",
};

/** The stored event. */
export const exampleEvent = {
  connection_id: exampleId,
  offset: 18,
  event_id: `${exampleEpoch}:18`,
  status: "running",
  attempt: 1,
  progress: 0.42,
  current: 42,
  total: 100,
  unit: "rows",
  message: "transcoding",
  rate: 3.5,
  eta: "2026-11-23T20:21:15.000Z",
  timestamp: "2026-11-23T20:20:58.123Z",
};

/** The task after the event. */
export const exampleTask = {
  ...exampleEvent,
  epoch: exampleEpoch,
  created_at: "2026-11-23T20:20:31.020Z",
  updated_at: exampleEvent.timestamp,
  started_at: "2026-11-23T20:20:31.020Z",
  watchers: 2,
};

/** Makes the events of a list's stream. */
export function listExample(list: string): string {
  return [
    { type: "list", list, tasks: [exampleTask], complete: true },
    { type: "list_update", list, task: exampleTask },
    { type: "list_remove", list, connection_id: exampleId },
  ].map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)
    .join("");
}

/** The answer to the publisher. */
export const examplePublished = {
  connection_id: exampleId,
  epoch: exampleEpoch,
  offset: 18,
  delivered: 2,
  duplicate: false,
  cancel_requested: false,
  current: 42,
  total: 100,
};
