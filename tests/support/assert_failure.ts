import { assert, assertEquals } from "@std/assert";
import type { CommandResult } from "./taskwire.ts";

/** Asserts a command's exit code, and a sentence on standard error instead of a stack trace. */
export function assertFailure(
  { code, stderr }: CommandResult,
  expectedCode: 1 | 2,
  reason: RegExp,
): void {
  assertEquals(code, expectedCode, stderr);
  assert(reason.test(stderr), `${reason} is not in: ${stderr}`);
  assertEquals(stackTraceOf(stderr), null);
}

/** Finds the first line of a stack trace in an output. */
export function stackTraceOf(output: string): string | null {
  return /^\s+at .+|Uncaught.*/m.exec(output)?.[0] ?? null;
}
