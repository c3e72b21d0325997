/**
 * Ends a command with exit code 1 and this message, which says what to do: an
 * expected failure, shown without a stack trace.
 */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}

/** Ends a command with exit code 2: it was called wrongly. */
export class UsageFailure extends Error {
  override readonly name = "UsageFailure";
}
