import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/foreign_program.ts";
import { needs } from "../support/needs.ts";

needs("mypy")(
  "The Python library passes strict type checks for Python 3.9",
  async () => {
    const { code, stdout } = await runProgram([
      ...["mypy", "--strict", "--python-version", "3.9"],
      // The queues have no types.
      ...["--ignore-missing-imports", "--cache-dir", "/dev/null", "taskwire"],
    ], { cwd: fileURLToPath(new URL("../../src/python", import.meta.url)) });
    assertEquals([code, stdout.startsWith("Success")], [0, true], stdout);
  },
);
