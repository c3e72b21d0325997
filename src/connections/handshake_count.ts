import type { Counters } from "../metrics/counters.ts";
import { ProblemError } from "../protocol/problem.ts";
import { StoreUnavailableError } from "../tasks/store.ts";

/** Counts the outcomes of a route's handshakes, one per handshake. */
export interface HandshakeCount {
  readonly accepted: () => void;
  /** Counts by the code of the problem in the answer. */
  readonly refused: (error: unknown) => void;
}

/**
 * Registers a route's handshake counters, for sockets or event streams. The
 * route appears in the metrics at once, with zeros.
 *
 * @param route The route's name in the metrics.
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
  // Sockets open before the store is read; event streams after.
  if (error instanceof StoreUnavailableError) return "store_unavailable";
  return "failed";
}
