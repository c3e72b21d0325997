import type { Config } from "../config/config.ts";
import { withFallback } from "../async/with_fallback.ts";
import { ProblemError } from "../protocol/problem.ts";

/** Stands for a body that is still arriving. */
const late = Symbol("late");

/**
 * Waits for a request's body, no longer than the idle timeout. Otherwise half a
 * body would hold its connection, and delay the stop of the server, for as long
 * as its sender likes.
 *
 * @throws {ProblemError} 408, after which the runtime ends the connection, if
 * the body is not canceled.
 */
export async function inBodyTime<T>(
  body: Promise<T>,
  { idleTimeoutSeconds }: Pick<Config, "idleTimeoutSeconds">,
): Promise<T> {
  if (idleTimeoutSeconds === 0) return await body;
  const result = await withFallback(body, idleTimeoutSeconds * 1_000, late);
  if (result !== late) return result as T;
  throw new ProblemError({
    status: 408,
    code: "body_timeout",
    detail:
      `The body did not arrive within ${idleTimeoutSeconds} s (TASKWIRE_IDLE_TIMEOUT): send it again, with the same event_id`,
  });
}
