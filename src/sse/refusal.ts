import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import { ProblemError } from "../protocol/problem.ts";

/** The HTTP status for a close code, before the stream begins (spec §2). */
const statuses: Partial<Record<CloseCode, number>> = {
  [closeCodes.unauthorized]: 401,
  [closeCodes.forbidden]: 403,
  [closeCodes.disconnected]: 403,
  [closeCodes.rateLimited]: 429,
  [closeCodes.serviceRestart]: 503,
  [closeCodes.tryAgainLater]: 503,
};

/**
 * Translates the rejection of a socket into an HTTP problem.
 *
 * @param code The close code of the socket.
 * @param errors The `error` frames before the close; the last gives the reason.
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
