/**
 * An expected failure: ends a command with exit code 1 and prints the message
 * without a stack trace. The message names a remedy.
 */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}

/** Wrong usage: ends a command with exit code 2. */
export class UsageFailure extends Error {
  override readonly name = "UsageFailure";
}
