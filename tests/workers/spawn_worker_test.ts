import { assert, assertEquals } from "@std/assert";
import {
  workerArguments,
  workerEnvironment,
} from "../../src/workers/spawn_worker.ts";
import config from "../../deno.json" with { type: "json" };

Deno.test("workerArguments() grants no more than the server has, and no more than a worker needs", () => {
  assertEquals(workerArguments(), ["worker"]);
  const [command, lock, ...rest] = workerArguments("file:///main.ts");
  assertEquals([command, lock, ...rest.slice(-2)], [
    "run",
    "--lock=/deno.lock",
    "file:///main.ts",
    "worker",
  ]);
  const granted = rest.filter((flag) => flag.startsWith("--allow-"));
  assertEquals(granted, ["--allow-net", "--allow-read"]);
  for (const flag of granted) assert(config.tasks.start.includes(flag), flag);
});

Deno.test("workerEnvironment() leaves out every setting, secrets among them", () => {
  const environment = workerEnvironment();
  for (const name of ["TASKWIRE_JWT_SECRET", "TASKWIRE_API_KEYS"]) {
    assertEquals(environment[name], "");
  }
  assertEquals(new Set(Object.values(environment)), new Set([""]));
});
