import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/foreign_program.ts";
import { findPython, needs } from "../support/needs.ts";
import { historyOf, pythonEnv, taskOf } from "../support/python.ts";
import { startTestServer, testSecret } from "../support/server.ts";
import { makeTempDir } from "../support/temp_dir.ts";

needs("python3-django")(
  "taskwire.django shows a management command, and a view gives its user a token",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    const { origin } = server;
    const program = fileURLToPath(new URL("django_jobs.py", import.meta.url));
    const { code, stdout, stderr } = await runProgram(
      [findPython("django") ?? "python3", program],
      {
        cwd: folder.path,
        env: { ...pythonEnv(origin), TASKWIRE_JWT_SECRET: testSecret },
      },
    );
    assertEquals([code, stderr], [0, ""]);
    const { status, current, total } = await taskOf(origin, "import_7");
    assertEquals([status, current, total], ["succeeded", 3, 3]);
    const failed = (await historyOf(origin, "import_0")).at(-1);
    assertEquals([failed?.status, failed?.message], ["failed", "RuntimeError"]);

    const { token } = JSON.parse(stdout);
    for (const [given, expected] of [[token, 200], ["", 403]] as const) {
      const stream = await fetch(
        `${origin}/sse/realtime/upload_1?token=${given}`,
      );
      await stream.body?.cancel();
      assertEquals(stream.status, expected);
    }
    const other = await fetch(`${origin}/sse/realtime/import_7?token=${token}`);
    await other.body?.cancel();
    assertEquals(other.status, 403); // the token is for one task
  },
);
