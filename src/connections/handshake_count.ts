import type { Counters } from "../metrics/counters.ts";
import { ProblemError } from "../protocol/problem.ts";
import { StoreUnavailableError } from "../tasks/store.ts";

/** Counts how a route's handshakes end, once for each. */
export interface HandshakeCount {
  readonly accepted: () => void;
  /** By the code of the problem that the client is answered with. */
  readonly refused: (error: unknown) => void;
}

/**
 * Begins to count a route's handshakes, of sockets or of event streams: from
 * now on the route is in the metrics, with none.
 *
 * @param route The route's name, as in the metrics.
 */
export function countHandshakes(
  route: string,
  { handshakes }: Counters,
): HandshakeCount {
  const results = handshakes[route] ??= { accepted: 0 };
  function add(result: string): void {
    results[result] = (results[result] ?? 0) + 1;
  }
  return {
    accepted: () => add("accepted"),
    refused: (error) => add(resultOf(error)),
  };
}

function resultOf(error: unknown): string {
  if (error instanceof ProblemError) return error.problem.code;
  // A socket is open before the store is asked, and a stream is not.
  if (error instanceof StoreUnavailableError) return "store_unavailable";
  return "failed";
}
