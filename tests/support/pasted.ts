import { assertEquals, assertExists } from "@std/assert";
import { invocation } from "../../src/terminal/invocation.ts";

/** A line printed by `serve` for pasting into a shell, in parts. */
export interface PastedCommand {
  readonly env: Record<string, string>;
  readonly args: readonly string[];
}

/**
 * Splits a pasted line like a shell: variables, program, arguments. Fails
 * unless the line calls the program under test.
 *
 * @param line For example `KEY=value taskwire publish upload_123456`.
 */
export function parsePasted(line: string): PastedCommand {
  const assignments = /^(?:[A-Z_]+=\S+ )*/.exec(line)?.[0] ?? "";
  const call = line.slice(assignments.length);
  const binary = Deno.env.get("TASKWIRE_BINARY");
  const program = binary ? Deno.realPathSync(binary) : invocation();
  assertEquals(call.slice(0, program.length + 1), `${program} `);
  const env: Record<string, string> = {};
  for (const assignment of assignments.trim().split(" ").filter(Boolean)) {
    const [, name, value] = /^([A-Z_]+)=(.+)$/.exec(assignment) ?? [];
    assertExists(name);
    assertExists(value);
    env[name] = value;
  }
  return { env, args: call.slice(program.length + 1).split(" ") };
}
