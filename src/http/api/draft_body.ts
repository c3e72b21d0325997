import type * as z from "zod";
import { findInexactNumber } from "../../protocol/exact_numbers.ts";
import {
  type DoneAmounts,
  type Publication,
  type PublishOutcome,
  type Store,
} from "../../tasks/store.ts";
import { type EventDraft, eventDraftSchema } from "../../tasks/draft.ts";
import type { Refusal } from "../../tasks/state.ts";
import { ProblemError, problemStatuses } from "../../protocol/problem.ts";
import { checkState, unknownTask } from "../task_access.ts";

/**
 * The maximum size of one event, in bytes: 64 KiB of `data`, escaped, and the
 * remaining members.
 */
export const maxEventBytes = 262_144;

/**
 * Parses a JSON object from a body.
 *
 * @throws {ProblemError} 400 if the body is not JSON, 422 if the JSON is no
 * object or has an inexact number.
 */
export function parseObject(
  body: string,
  name = "event",
  example = '{"progress":0.5}',
): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new ProblemError({
      status: 400,
      code: "bad_json",
      detail: `The ${name} is not JSON: send an object like ${example}`,
    });
  }
  const inexact = findInexactNumber(body);
  if (inexact !== undefined) {
    throw new ProblemError({
      status: 422,
      code: "bad_event",
      detail:
        `The number ${inexact} can't be stored exactly: send the number as a string`,
    });
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw new ProblemError({
    status: 422,
    code: "bad_event",
    detail: `The ${name} is not a JSON object: send an object like ${example}`,
  });
}

/**
 * Validates a publisher's event.
 *
 * @throws {ProblemError} 422 with all bad members named.
 */
export function parseDraft(members: Record<string, unknown>): EventDraft {
  const result = eventDraftSchema.safeParse(members);
  if (result.success) return result.data;
  throw new ProblemError({
    status: 422,
    code: "bad_event",
    detail: describeIssues(result.error),
  });
}

/** Lists the bad members of a body, with the fault of each. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  ).join("; ");
}

/** Returns the problem for a change refused by the state machine. */
export function refusalProblem({ code, detail }: Refusal): ProblemError {
  if (code === "lease_renewed") {
    throw new TypeError("A request was handled as the end of a lease");
  }
  return code === "task_unknown" ? unknownTask() : new ProblemError({
    status: problemStatuses[code][0],
    code,
    detail,
  });
}

/**
 * Returns the answer to a publish (spec §2).
 *
 * @param publication The task and the published change.
 * @param store Asked for the earlier event that a duplicate repeats.
 * @throws {ProblemError} 403, 409 or 422 for a refused event.
 */
export function describeOutcome(
  publication: Publication,
  outcome: PublishOutcome,
  store: Pick<Store, "read">,
): Published | Promise<Published> {
  if (outcome.kind === "refused") {
    throw refusalProblem(outcome.refusal);
  }
  if (outcome.kind === "noted") {
    throw new TypeError(
      "A publisher's event was handled as a different change",
    );
  }
  if (outcome.kind === "duplicate") {
    return describeDuplicate(publication, outcome, store);
  }
  const { epoch, event, delivered, amounts, cancelRequested } = outcome;
  return {
    connection_id: publication.taskId,
    epoch,
    offset: event.offset,
    delivered,
    duplicate: false,
    cancel_requested: cancelRequested,
    ...amounts,
  };
}

/** The answer to a publish (spec §2). */
interface Published extends DoneAmounts {
  readonly connection_id: string;
  readonly epoch: string;
  readonly offset: number;
  readonly delivered: number;
  readonly duplicate: boolean;
  readonly cancel_requested: boolean;
}

/**
 * Answers a duplicate like the earlier event: with the amount done at that time,
 * so that a repeated increment never looks like the increment that reached the
 * total.
 *
 * A store finds a duplicate before the state machine judges the change, so the
 * publisher's limit is checked here.
 */
async function describeDuplicate(
  { taskId, change }: Publication,
  { epoch, offset, cancelRequested }: PublishOutcome & { kind: "duplicate" },
  store: Pick<Store, "read">,
): Promise<Published> {
  const since = { epoch, offset: offset - 1 };
  const { state, events: [earlier] } = await store.read(taskId, since, 1);
  if (change.within) checkState({ labels: change.within }, taskId, state);
  const { current, total = state?.snapshot.total }: DoneAmounts = earlier
    ? JSON.parse(earlier.json)
    : {};
  return {
    connection_id: taskId,
    epoch,
    offset,
    delivered: 0,
    duplicate: true,
    cancel_requested: cancelRequested,
    ...(current === undefined ? {} : { current }),
    ...(current === undefined || total === undefined ? {} : { total }),
  };
}
