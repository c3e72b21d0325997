import { assertEquals, assertMatch } from "@std/assert";
import {
  fitOpenFiles,
  readOpenFileLimit,
} from "../../src/launch/open_files.ts";
import { captureLog } from "../support/captured_log.ts";
import { openFileLimit } from "../support/open_files.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey, testConfig, testSecret } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";

Deno.test("readOpenFileLimit() reads the soft limit of this process", async () => {
  const { soft } = openFileLimit(Deno.pid);
  assertEquals(await readOpenFileLimit(), soft);
});

Deno.test("fitOpenFiles() lowers maxConnections to 80 % of the limit, and names the remedy", () => {
  using log = captureLog();
  const config = testConfig({ maxConnections: 100_000 });
  assertEquals(fitOpenFiles(config, 1_024).maxConnections, 819);
  assertMatch(
    log.text,
    /1024 open files.*TASKWIRE_MAX_CONNECTIONS=100000: .* accepts 819 .*LimitNOFILE=125000/,
  );
});

Deno.test("fitOpenFiles() reserves descriptors for other files if the limit is small", () => {
  using _log = captureLog();
  const config = testConfig();
  assertEquals(fitOpenFiles(config, 80).maxConnections, 16);
  assertEquals(fitOpenFiles(config, 20).maxConnections, 1);
});

Deno.test("fitOpenFiles() changes nothing if the limit suffices", () => {
  using log = captureLog();
  const config = testConfig({ maxConnections: 800 });
  assertEquals(fitOpenFiles(config, 1_024), config);
  const unlimited = testConfig({ maxConnections: 0 });
  assertEquals(fitOpenFiles(unlimited, 1_024), unlimited);
  assertEquals(log.text, "");
});

for (const workers of ["1", "2"]) {
  Deno.test(`serveCommand() warns once if there are too few descriptors, with ${workers} workers`, async () => {
    const served = await serve(["--workers", workers], {
      env: {
        TASKWIRE_JWT_SECRET: testSecret,
        TASKWIRE_API_KEYS: testApiKey,
      },
      openFiles: 200,
    });
    const { samples } = await scrape(served.origin);
    const [allowed] = [...samples].filter(([name]) =>
      name.startsWith("taskwire_max_sockets")
    ).map(([, value]) => value);
    assertEquals(allowed, 136);
    await served[Symbol.asyncDispose]();
    const warnings = (await served.server.stderr).split("\n")
      .filter((line) => line.includes("limit of 200 open files"));
    assertEquals(warnings.length, 1);
  });
}
