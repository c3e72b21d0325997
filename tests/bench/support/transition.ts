import type { EventDraft } from "../../../src/tasks/draft.ts";
import {
  applyChange,
  type TaskState,
  type Transition,
} from "../../../src/tasks/state.ts";

/** The fixed time of all events. */
const now = new Date("2026-11-23T20:20:58.123Z");

/**
 * Applies an event.
 *
 * @param before `undefined` for the task's first event.
 * @throws {Error} If the event is refused.
 */
export function transition(
  draft: EventDraft,
  before?: TaskState,
): Required<Transition> {
  const result = applyChange(before, draft, {
    taskId: "upload_123456",
    epoch: "a562bcd5-6b53-4f7c-a2d5-0c6f6f6f4f5c",
    now,
  });
  if ("code" in result) throw new Error(result.detail);
  const { event, state } = result;
  if (event === undefined) throw new TypeError("An event led to none");
  return { event, state };
}
