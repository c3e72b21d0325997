import { assertEquals } from "@std/assert";
import { CommandFailure, UsageFailure } from "../../src/terminal/failure.ts";

// Which exit code they stand for is held against real commands by their tests.
Deno.test("CommandFailure and UsageFailure are told apart by class and name", () => {
  for (const Failure of [CommandFailure, UsageFailure]) {
    const failure = new Failure("say what to do");
    assertEquals(failure instanceof CommandFailure, Failure === CommandFailure);
    assertEquals(`${failure}`, `${Failure.name}: say what to do`);
  }
});
