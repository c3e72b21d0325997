import { assert, assertEquals } from "@std/assert";
import type { CommandResult } from "./taskwire.ts";

/** Asserts that a command ended with this code and said why, in a sentence and not in a stack trace. */
export function assertFailure(
  { code, stderr }: CommandResult,
  expectedCode: 1 | 2,
  reason: RegExp,
): void {
  assertEquals(code, expectedCode, stderr);
  assert(reason.test(stderr), `${reason} is not in: ${stderr}`);
  assertEquals(stackTraceOf(stderr), null);
}

/** The first line of a stack trace in an output, if it holds one. */
export function stackTraceOf(output: string): string | null {
  return /^\s+at .+|Uncaught.*/m.exec(output)?.[0] ?? null;
}
