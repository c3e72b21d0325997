import { settle } from "../../async/settle.ts";
import { applyChange, type Change, type TaskState } from "../../tasks/state.ts";
import { encodeHead, encodeNotice } from "./announcement.ts";
import {
  amountsOf,
  isCancelRequest,
  type PublishOutcome,
  silentAnnouncements,
} from "../../tasks/store.ts";

/** The last known state of a task. */
export interface KnownTask {
  /** For a task without a history: the epoch of a new history. */
  readonly epoch: string;
  /** The task's revision: the number of writes. */
  readonly rev: string;
  readonly state: TaskState | undefined;
  /** Set if a script has just returned this state. */
  readonly isFresh?: true;
}

/** The result of changes to a task, valid if the task's state is as assumed. */
export interface ChangeResult {
  /** The state after the changes; `undefined` if unchanged. */
  readonly state: TaskState | undefined;
  /** The last arguments of the publish script. */
  readonly operations: readonly string[];
  /** Returns the outcomes once changes are stored and watchers counted. */
  outcomes(watchers: number): PromiseSettledResult<PublishOutcome>[];
}

/**
 * Applies changes in sequence.
 *
 * @param places Offsets of events in the history, by `event_id`; 0 if absent.
 */
export function applyBatch(
  taskId: string,
  { epoch, state: before }: KnownTask,
  changes: readonly Change[],
  places: ReadonlyMap<string, number>,
): ChangeResult {
  const found = new Map(places);
  const operations: string[] = [];
  let state = before;
  let isChanged = false;

  function apply(change: Change): PublishOutcome {
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
      const announcements = state ? silentAnnouncements(state, after) : [];
      const isNew = announcements.some(isCancelRequest);
      if (isNew) operations.push("-", "", "", encodeNotice("cancel_requested"));
      isChanged ||= announcements.length > 0;
      state = after;
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
      amounts: amountsOf(after.snapshot),
      delivered: 0,
      cancelRequested: after.cancelRequested ?? false,
    };
  }

  const results = changes.map((change) => settle(() => apply(change)));
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
