/**
 * Measures the encoding and parsing of frames.
 *
 * @module
 */

import { parseClientFrame } from "../../src/protocol/client_frames.ts";
import { encodeSync, encodeTask } from "../../src/protocol/server_frames.ts";
import { describeTask } from "../../src/tasks/snapshot.ts";
import { transition } from "./support/transition.ts";

const clientFrames = {
  ping: '{"type":"ping","id":17}',
  subscribe:
    '{"type":"subscribe","connection_id":"upload_123456","epoch":"a562bcd5-6b53-4f7c-a2d5-0c6f6f6f4f5c","offset":17}',
  "unknown type": '{"type":"pong"}',
  "bad member": '{"type":"subscribe","connection_id":""}',
  "not JSON": "ping",
};

for (const [name, frame] of Object.entries(clientFrames)) {
  Deno.bench({
    name: `parseClientFrame() ${name}`,
    group: "client frames",
    baseline: name === "ping",
    fn: () => void parseClientFrame(frame),
  });
}

const { event, state } = transition({ current: 42, total: 100, unit: "rows" });
const { epoch, offset } = state.snapshot;

Deno.bench({
  name: "JSON.stringify() an event",
  group: "server frames",
  baseline: true,
  fn: () => void JSON.stringify(event),
});

Deno.bench({
  name: "encodeTask()",
  group: "server frames",
  fn: () => void encodeTask(JSON.stringify(event)),
});

Deno.bench({
  name: "encodeSync() with a snapshot",
  group: "server frames",
  fn() {
    const task = describeTask(state, 1);
    encodeSync({ epoch, offset, recovered: true, task });
  },
});
