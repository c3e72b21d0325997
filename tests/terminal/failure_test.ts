import { assertEquals } from "@std/assert";
import { CommandFailure, UsageFailure } from "../../src/terminal/failure.ts";

// The tests of the commands check the exit codes.
Deno.test("CommandFailure and UsageFailure differ in class and name", () => {
  for (const Failure of [CommandFailure, UsageFailure]) {
    const failure = new Failure("say what to do");
    assertEquals(failure instanceof CommandFailure, Failure === CommandFailure);
    assertEquals(`${failure}`, `${Failure.name}: say what to do`);
  }
});
