import type { Config } from "../config/config.ts";
import { withFallback } from "../async/with_fallback.ts";
import { ProblemError } from "../protocol/problem.ts";

/** The result if the deadline passes first. */
const late = Symbol("late");

/**
 * Waits for a request's body, at most for the idle timeout. Without a deadline,
 * half a body could hold a connection, and delay the stop of the server, for
 * any length of time.
 *
 * @throws {ProblemError} 408 after the deadline. The runtime then closes the
 * connection, unless the body is canceled.
 */
export async function inBodyTime<T>(
  body: Promise<T>,
  { idleTimeoutSeconds }: Pick<Config, "idleTimeoutSeconds">,
): Promise<T> {
  if (idleTimeoutSeconds === 0 || await settlesSoon(body)) return await body;
  const result = await withFallback(body, idleTimeoutSeconds * 1_000, late);
  if (result !== late) return result as T;
  throw new ProblemError({
    status: 408,
    code: "body_timeout",
    detail:
      `The body did not arrive within ${idleTimeoutSeconds} s (TASKWIRE_IDLE_TIMEOUT): send the request again, with the same event_id`,
  });
}

/** More microtasks than reading and decoding an arrived body takes. */
const arrivedMicrotasks = 16;

/**
 * Decides if a promise settles within a few microtasks: the body of most
 * requests has arrived with the head, and needs no timer.
 */
async function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < arrivedMicrotasks && !isSettled; turn++) {
    await undefined;
  }
  return isSettled;
}
