import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import { ProblemError } from "../protocol/problem.ts";

/** The HTTP status for each reason to close a socket before anything is shown (spec §2). */
const statuses: Partial<Record<CloseCode, number>> = {
  [closeCodes.unauthorized]: 401,
  [closeCodes.forbidden]: 403,
  [closeCodes.disconnected]: 403,
  [closeCodes.rateLimited]: 429,
  [closeCodes.serviceRestart]: 503,
  [closeCodes.tryAgainLater]: 503,
};

/**
 * The answer to a client whose socket would be closed.
 *
 * @param code What it would be closed with.
 * @param errors What it would be told before; the last is why it is closed.
 */
export function refusalOf(
  code: CloseCode,
  errors: readonly ErrorFrame[],
): ProblemError {
  const reason = errors.at(-1);
  const retryAfterMs = reason?.retryAfterMs;
  return new ProblemError({
    status: statuses[code] ?? 500,
    code: reason?.code ?? "internal_error",
    detail: errors.map(({ message }) => message).join(". "),
    ...(retryAfterMs === undefined ? {} : {
      headers: { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) },
    }),
  });
}
