/**
 * Measures an event before the store: validation of the body, and the change of
 * the task.
 *
 * @module
 */

import { parseDraft, parseObject } from "../../src/http/api/draft_body.ts";
import { foldEvent } from "../../src/tasks/snapshot.ts";
import { transition } from "./support/transition.ts";

const smallBody =
  '{"current":42,"total":100,"unit":"rows","message":"transcoding"}';

/** Near the limit of 64 KiB. */
const largeBody = JSON.stringify({
  progress: 0.42,
  data: {
    rows: Array.from({ length: 900 }, (_, row) => ({
      row,
      name: `row number ${row}`,
      state: "done",
      sizes: [row, 2 * row],
    })),
  },
});

for (const [size, body] of [["small", smallBody], ["large", largeBody]]) {
  const text = body ?? "";
  const group = `${size} event body, ${text.length} bytes`;
  Deno.bench({
    name: `JSON.parse() ${size}`,
    group,
    baseline: true,
    fn: () => void JSON.parse(text),
  });
  Deno.bench({
    name: `parseObject() and parseDraft() ${size}`,
    group,
    fn: () => void parseDraft(parseObject(text)),
  });
}

const draft = parseDraft(parseObject(smallBody));
const first = transition(draft);
const second = transition(draft, first.state);
const { snapshot } = first.state;

Deno.bench({
  name: "foldEvent()",
  group: "task state",
  baseline: true,
  fn: () => void foldEvent(snapshot, second.event, snapshot.epoch),
});

Deno.bench({
  name: "applyChange() a first event",
  group: "task state",
  fn: () => void transition(draft),
});

Deno.bench({
  name: "applyChange() a later event",
  group: "task state",
  fn: () => void transition(draft, first.state),
});
