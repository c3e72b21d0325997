import type { Context } from "hono";
import * as z from "zod";
import { readTaskId } from "../../connections/read_task_id.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import { ProblemError } from "../../protocol/problem.ts";
import { maxLeaseSeconds } from "../../tasks/draft.ts";
import type { TaskState } from "../../tasks/state.ts";
import type { Store } from "../../tasks/store.ts";
import type { TaskLimits } from "../../tasks/task_limits.ts";
import type { Hub } from "../../watch/hub.ts";
import type { Config } from "../../config/config.ts";
import { inBodyTime } from "../body_deadline.ts";
import { readBody, refuseEncoded } from "../request.ts";
import { checkState, limitChange } from "../task_access.ts";
import { describeIssues, parseObject, refusalProblem } from "./draft_body.ts";

/** The parts of the server used by heartbeats. */
export interface HeartbeatContext {
  readonly config: Config;
  readonly store: Store;
  readonly hub: Hub;
  readonly registry: ConnectionRegistry;
}

/** The body of `POST …/heartbeat` (spec §2). */
export const heartbeatSchema = z.strictObject({
  lease: z.number().positive().max(maxLeaseSeconds).meta({
    description:
      "Seconds until the task is lost, unless an event or a heartbeat follows; by default as before",
  }),
  wait: z.number().min(0).max(60).meta({
    description:
      "Seconds until the answer, unless the worker is asked to stop; 0 by default",
  }),
}).partial();

/** The maximum size of a heartbeat, in bytes. */
const maxHeartbeatBytes = 1_024;

/**
 * The most heartbeats that wait at the same time, so that places for other
 * requests remain. Further heartbeats are answered at once.
 */
const defaultMaxWaiting = 5_000;

/**
 * Makes the handler of `POST /api/tasks/{connection_id}/heartbeat`: renews the
 * lease, and waits for a request to stop (spec §2, 'Workers').
 *
 * @param maxWaiting The most heartbeats that wait at the same time.
 */
export function heartbeatHandler(
  { config, store, hub, registry: { drainSignal } }: HeartbeatContext,
  maxWaiting = defaultMaxWaiting,
): (c: Context, limits: TaskLimits) => Promise<Response> {
  let waiting = 0;

  /**
   * Waits for a request to cancel.
   *
   * @param signal Aborted when the client has gone.
   * @returns The state of the task at the end; `undefined` if deleted.
   */
  async function waitForCancel(
    taskId: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<TaskState | undefined> {
    let isOver = drainSignal.aborted || waiting >= maxWaiting;
    let wake = () => {};
    const listener = () => wake();
    const end = () => {
      isOver = true;
      wake();
    };
    const timer = setTimeout(end, waitMs);
    const ends = [signal, drainSignal];
    for (const each of ends) each.addEventListener("abort", end);
    waiting += 1;
    try {
      await hub.listen(taskId, listener);
      for (;;) {
        // Before the read, so that no request between both is missed.
        const woken = new Promise<void>((resolve) => wake = resolve);
        const { state } = await store.read(taskId);
        if (isOver || state === undefined || state.cancelRequested) {
          return state;
        }
        await woken;
      }
    } finally {
      waiting -= 1;
      clearTimeout(timer);
      for (const each of ends) each.removeEventListener("abort", end);
      hub.unlisten(taskId, listener);
    }
  }

  return async function publishHeartbeat(c, limits) {
    refuseEncoded(c);
    const taskId = readTaskId(c);
    const { lease, wait = 0 } = parseHeartbeat(
      await inBodyTime(readBody(c.req.raw, maxHeartbeatBytes), config),
    );
    if (lease === undefined && wait > 0) {
      // Before the heartbeat, so that a refusal changes nothing.
      const { state } = await store.read(taskId);
      const { leaseMs = Infinity } = checkState(limits, taskId, state);
      if (wait * 1_000 >= leaseMs) throw leaseTooShort(leaseMs / 1_000, wait);
    }
    const change = limitChange(limits, taskId, {
      kind: "heartbeat",
      ...(lease === undefined ? {} : { lease }),
    });
    const outcome = await store.publish(taskId, change);
    if (outcome.kind === "refused") throw refusalProblem(outcome.refusal);
    const state = wait === 0
      ? (await store.read(taskId)).state
      : await waitForCancel(taskId, wait * 1_000, c.req.raw.signal);
    // During the wait, the id may have gone to a task of somebody else.
    return c.json(
      describeHeartbeat(taskId, checkState(limits, taskId, state)),
    );
  };
}

/** @throws {ProblemError} 400 or 422 for a bad heartbeat. */
function parseHeartbeat(body: string): z.infer<typeof heartbeatSchema> {
  const members = body.trim() === ""
    ? {}
    : parseObject(body, "heartbeat", '{"lease":30,"wait":10}');
  const { success, data, error } = heartbeatSchema.safeParse(members);
  if (!success) {
    throw new ProblemError({
      status: 422,
      code: "bad_event",
      detail: describeIssues(error),
    });
  }
  const { lease = Infinity, wait = 0 } = data;
  if (lease <= wait) throw leaseTooShort(lease, wait);
  return data;
}

function leaseTooShort(lease: number, wait: number): ProblemError {
  return new ProblemError({
    status: 422,
    code: "lease_too_short",
    detail:
      `The lease of ${lease} s would end during the wait of ${wait} s: give a longer lease, or a shorter wait`,
  });
}

/** Returns the answer to a heartbeat (spec §2). */
function describeHeartbeat(
  taskId: string,
  { snapshot, cancelRequested, leaseEndsAtMs }: TaskState,
) {
  return {
    connection_id: taskId,
    status: snapshot.status,
    attempt: snapshot.attempt,
    cancel_requested: cancelRequested ?? false,
    ...(leaseEndsAtMs === undefined
      ? {}
      : { lease_ends_at: new Date(leaseEndsAtMs).toISOString() }),
  };
}
