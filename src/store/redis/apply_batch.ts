import { settle } from "../../async/settle.ts";
import { applyChange, type Change, type TaskState } from "../../tasks/state.ts";
import { encodeHead, encodeNotice } from "./announcement.ts";
import type { PublishOutcome } from "../../tasks/store.ts";

/** What a task was when it was last heard of. */
export interface KnownTask {
  /** Of a task without a history, the one that it would begin with. */
  readonly epoch: string;
  /** Counts the writes to it. */
  readonly rev: string;
  readonly state: TaskState | undefined;
  /** Whether a script has just found it so. */
  readonly isFresh?: true;
}

/** What becomes of changes of one task, if it is what it was taken for. */
export interface Judgement {
  /** The state after them; `undefined` where nothing changes. */
  readonly state: TaskState | undefined;
  /** The publish script's last arguments. */
  readonly operations: readonly string[];
  /** What to answer, once it is stored and known how many watch. */
  outcomes(watchers: number): PromiseSettledResult<PublishOutcome>[];
}

/**
 * Judges changes one after the other, each by what those before it led to.
 *
 * @param places Offsets of events in the history, by their `event_id`; 0 for none.
 */
export function applyBatch(
  taskId: string,
  { epoch, state: before }: KnownTask,
  changes: readonly Change[],
  places: ReadonlyMap<string, number>,
): Judgement {
  const found = new Map(places);
  const operations: string[] = [];
  let state = before;
  let isChanged = false;

  function judge(change: Change): PublishOutcome {
    const eventId = "kind" in change ? undefined : change.event_id;
    const earlier = eventId === undefined ? 0 : found.get(eventId) ?? 0;
    if (earlier > 0) {
      return {
        kind: "duplicate",
        epoch,
        offset: earlier,
        cancelRequested: state?.cancelRequested ?? false,
      };
    }
    const result = applyChange(state, change, {
      taskId,
      epoch,
      now: new Date(),
    });
    if ("code" in result) return { kind: "refused", refusal: result };
    const { event, state: after } = result;
    if (event === undefined) {
      const isNew = !state?.cancelRequested;
      if (isNew) {
        operations.push("-", "", "", encodeNotice("cancel_requested"));
        isChanged = true;
        state = after;
      }
      return { kind: "noted", isNew };
    }
    const json = JSON.stringify(event);
    operations.push(
      String(event.offset),
      eventId ?? "",
      json,
      encodeHead(after),
    );
    found.set(event.event_id, event.offset);
    isChanged = true;
    state = after;
    return {
      kind: "stored",
      epoch,
      event,
      delivered: 0,
      cancelRequested: after.cancelRequested ?? false,
    };
  }

  const results = changes.map((change) => settle(() => judge(change)));
  return {
    state: isChanged ? state : undefined,
    operations,
    outcomes: (watchers) =>
      results.map((result) =>
        result.status === "fulfilled" && result.value.kind === "stored"
          ? { ...result, value: { ...result.value, delivered: watchers } }
          : result
      ),
  };
}
