import { assertEquals } from "@std/assert";
import { version } from "../../src/process/version.ts";
import { runProgram } from "../support/foreign_program.ts";
import { findPython, needs } from "../support/needs.ts";
import { historyOf } from "../support/python.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

/** Prints the cost of an item, in microseconds, compared to a loop without `track`. */
const counting = `
import time
from taskwire import track

def run(items):
    began = time.perf_counter()
    for item in items:
        pass
    return time.perf_counter() - began

items = range(1_000_000)
tracked = min(run(track(items, task=f"count_{turn}", unit="items")) for turn in range(3))
print(tracked - min(run(items) for turn in range(3)))
`;

needs("python3-venv")(
  "The server's Python library installs by pip, and tracks a loop of 1,000,000 items",
  async () => {
    await using folder = await makeTempDir();
    await using served = await serve([], {
      env: { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey },
    });
    const { origin } = served;
    const options = {
      cwd: folder.path,
      env: { TASKWIRE_URL: origin, TASKWIRE_API_KEYS: testApiKey },
    };
    const python = findPython("ensurepip") ?? "python3";
    const run = async (...command: string[]) => {
      const { code, stdout, stderr } = await runProgram(command, options);
      assertEquals(code, 0, stderr);
      return stdout;
    };
    await run(python, "-m", "venv", "fresh");
    await run(
      ...["fresh/bin/pip", "install", "--no-index", "--quiet"],
      ...["--disable-pip-version-check"],
      `${origin}/taskwire-${version}-py3-none-any.whl`,
    );
    const cost = Number(await run("fresh/bin/python", "-c", counting));
    // deno-lint-ignore no-console -- a measure
    console.log(`track() costs ${cost.toFixed(3)} µs an item`);

    const last = (await historyOf(origin, "count_2")).slice(-2);
    assertEquals(
      last.map(({ status, current }) => [status, current]),
      [["running", 1_000_000], ["succeeded", undefined]],
    );
  },
);
