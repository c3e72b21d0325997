import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { eventually } from "../../support/eventually.ts";
import { ForeignProgram, runProgram } from "../../support/foreign_program.ts";
import { needs } from "../../support/needs.ts";
import { historyOf, taskOf } from "../../support/python.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";

/** The built library. */
const library = await Deno.readTextFile(
  new URL("../../../src/client/npm/worker.js.txt", import.meta.url),
);
const libraryUrl = `data:text/javascript,${encodeURIComponent(library)}`;
const test = needs("node");

/** The call of a program in Node with the built library. */
function nodeProgram(origin: string, program: string) {
  const command = [
    ...["node", "--input-type=module", "--eval"],
    `import { task, track } from ${JSON.stringify(libraryUrl)};\n${program}`,
  ];
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const env = { TASKWIRE_URL: origin, TASKWIRE_API_KEYS: `${testApiKey},next` };
  return [command, { cwd, env }] as const;
}

test("track() shows a loop of a Node program, which ends by itself", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runProgram(...nodeProgram(
    server.origin,
    `for await (const row of track("t", ["a", "b", "c"], { unit: "rows" }));`,
  ));
  assertEquals([code, stderr], [0, ""]);
  const { status, current, total, unit } = await taskOf(server.origin, "t");
  assertEquals([status, current, total, unit], ["succeeded", 3, 3, "rows"]);
});

test("track() publishes failed if the loop is left before the end", async () => {
  await using server = await startTestServer();
  const { code } = await runProgram(...nodeProgram(
    server.origin,
    `for await (const row of track("t", [1, 2])) break;`,
  ));
  assertEquals(code, 0);
  const { status, message } = await taskOf(server.origin, "t");
  assertEquals([status, message], ["failed", "Left before the end"]);
});

test("a killed Node program leaves its task lost", async () => {
  await using server = await startTestServer();
  await using job = new ForeignProgram(...nodeProgram(
    server.origin,
    `task("t", { lease: 1 }).start();
     setInterval(() => {}, 1000);
     process.stderr.write("started");`,
  ));
  await job.wrote(/started/);
  const reaches = (status: string) =>
    eventually(async () =>
      (await taskOf(server.origin, "t")).status === status
    );
  await reaches("running");
  job.kill("SIGKILL");
  await reaches("lost");
  assertEquals((await historyOf(server.origin, "t")).length, 2);
});
