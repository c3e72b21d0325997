import { assertEquals, assertNotEquals } from "@std/assert";
import { unzipSync } from "fflate";
import { makeWheel, wheelName } from "../../src/http/python_wheel.ts";
import { version } from "../../src/process/version.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("makeWheel() makes the same bytes from the same sources", async () => {
  assertEquals(await makeWheel(), await makeWheel());
});

Deno.test("makeWheel() packs the library with its types, and records each file", async () => {
  const files = unzipSync(await makeWheel());
  const names = Object.keys(files);
  const info = `taskwire-${version}.dist-info`;
  for (const name of ["__init__.py", "celery.py", "py.typed"]) {
    assertNotEquals(files[`taskwire/${name}`], undefined, name);
  }
  const record = new TextDecoder().decode(files[`${info}/RECORD`]);
  const recorded = record.trim().split("\n").map((line) => line.split(",")[0]);
  assertEquals(recorded.sort(), names.sort());
  const metadata = new TextDecoder().decode(files[`${info}/METADATA`]);
  assertEquals(metadata.includes(`\nVersion: ${version}\n`), true);
});

Deno.test("clientFileRoutes() serves the Python library as an archive", async () => {
  await using server = await startTestServer();
  const { status, headers } = await answerOf(
    fetch(`${server.origin}/${wheelName}`),
  );
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "application/zip");
});
