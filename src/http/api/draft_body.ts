import type { z } from "zod";
import { findInexactNumber } from "../../protocol/exact_numbers.ts";
import type { PublishOutcome } from "../../tasks/store.ts";
import { type EventDraft, eventDraftSchema } from "../../tasks/draft.ts";
import type { Refusal } from "../../tasks/state.ts";
import { ProblemError } from "../../protocol/problem.ts";
import { unknownTask } from "../request.ts";

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
export function parseObject(body: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new ProblemError({
      status: 400,
      code: "bad_json",
      detail: 'The event is not JSON: send an object like {"progress":0.5}',
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
    detail:
      'The event is not a JSON object: send an object like {"progress":0.5}',
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

function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  ).join("; ");
}

/** Returns the problem for a change refused by the state machine. */
export function refusalProblem({ code, detail }: Refusal): ProblemError {
  if (code === "lease_renewed") {
    throw new TypeError("A request was handled as the end of a lease");
  }
  return code === "task_unknown"
    ? unknownTask()
    : new ProblemError({ status: 409, code, detail });
}

/**
 * Returns the answer to a publish (spec §2).
 *
 * @throws {ProblemError} 409 for a refused event.
 */
export function describeOutcome(taskId: string, outcome: PublishOutcome) {
  if (outcome.kind === "refused") {
    throw refusalProblem(outcome.refusal);
  }
  if (outcome.kind === "noted") {
    throw new TypeError(
      "A publisher's event was handled as a different change",
    );
  }
  return {
    connection_id: taskId,
    epoch: outcome.epoch,
    ...(outcome.kind === "stored"
      ? { offset: outcome.event.offset, delivered: outcome.delivered }
      : { offset: outcome.offset, delivered: 0 }),
    duplicate: outcome.kind === "duplicate",
    cancel_requested: outcome.cancelRequested,
  };
}
