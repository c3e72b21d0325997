import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { DatabaseSync } from "node:sqlite";
import { needs } from "../support/needs.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { RunningCommand, serve, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { hasEnded, openTerminal } from "../support/terminal.ts";
import { scoped } from "../support/api.ts";

const env = { TASKWIRE_API_KEYS: testApiKey };

/** A server with a file, and the arguments that name the server. */
async function startFileServer(folder: string) {
  const store = `sqlite:${folder}/live.db`;
  const server = await startTestServer({ config: { store } });
  return { server, url: ["--url", server.origin] };
}

/** The names of the files in a folder that begin with a word. */
function namesIn(folder: string, start: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith(start)).sort();
}

/** A server that answers every request in the same way. */
function answering(respond: () => Response) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    respond,
  );
  return {
    url: ["--url", `http://127.0.0.1:${server.addr.port}`],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("backupCommand() writes a copy with which a server starts", async () => {
  await using folder = await makeTempDir();
  const { server, url } = await startFileServer(folder.path);
  await using _ = server;
  await (await server.publish("a", { progress: 0.5 })).body?.cancel();
  const path = `${folder.path}/copy.db`;
  const { code, stdout, stderr } = await taskwire(["backup", path, ...url], {
    env,
  });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /copy\.db: \d+\.\d MiB\n$/);
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assertEquals(namesIn(folder.path, "copy"), ["copy.db"]);

  await using restored = await serve(["--store", `sqlite:${path}`], {
    env,
    cwd: folder.path,
  });
  const answer = await fetch(`${restored.origin}/api/tasks/a`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  assertEquals((await answer.json()).progress, 0.5);
});

Deno.test("backupCommand() replaces no file", async () => {
  await using folder = await makeTempDir();
  const { server, url } = await startFileServer(folder.path);
  await using _ = server;
  const path = await folder.write("copy.db", "precious");
  const result = await taskwire(["backup", path, ...url], { env });
  assertFailure(result, 1, /copy\.db exists: choose a new file/);
  assertEquals(await Deno.readTextFile(path), "precious");
});

Deno.test("backupCommand() says why there is no copy, and leaves no file", async () => {
  await using folder = await makeTempDir();
  const { server, url } = await startFileServer(folder.path);
  await using _ = server;
  await using inMemory = await startTestServer();
  await using foreign = answering(() => new Response("<html>"));
  await using moved = answering(() =>
    new Response(null, {
      status: 302,
      headers: { Location: "https://elsewhere.example/?secret" },
    })
  );
  const path = `${folder.path}/copy.db`;
  for (
    const [args, settings, reason] of [
      [["--url", inMemory.origin], env, /HTTP 409: backup_unsupported: Only/],
      [
        url,
        { TASKWIRE_API_KEYS: await scoped("publish") },
        /HTTP 403: insufficient_scope/,
      ],
      [url, {}, /no API key to back up with.*scope admin/],
      [["--url", await closedOrigin()], env, /no answer from/],
      [foreign.url, env, /not from a taskwire server/],
      [
        moved.url,
        env,
        /redirects to https:\/\/elsewhere\.example\/, and nothing was backed up/,
      ],
    ] as const
  ) {
    const result = await taskwire(["backup", path, ...args], { env: settings });
    assertFailure(result, 1, reason);
    assertEquals(namesIn(folder.path, "copy"), []);
  }
  const missing = await taskwire(
    ["backup", `${folder.path}/none/copy.db`, ...url],
    { env },
  );
  assertFailure(missing, 1, /none\/copy\.db can't be written/);
});

Deno.test("backupCommand() without a file is wrong usage", async () => {
  assertEquals((await taskwire(["backup"], { env })).code, 2);
});

/** An answer that promises twice the bytes that arrive. */
function unfinished(
  onStart: (controller: ReadableStreamDefaultController) => void = () => {},
): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(2_097_152));
      onStart(controller);
    },
  });
  return new Response(body, {
    headers: {
      "Content-Type": "application/vnd.sqlite3",
      "Content-Length": "4194304",
    },
  });
}

Deno.test("backupCommand() leaves no file if the connection breaks", async () => {
  await using folder = await makeTempDir();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cutting = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4_096));
    await connection.write(
      new TextEncoder().encode(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.sqlite3\r\nContent-Length: 4194304\r\n\r\nSQLite",
      ),
    );
  })();
  const path = `${folder.path}/copy.db`;
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const result = await taskwire(["backup", path, "--url", url], { env });
  await cutting;
  assertFailure(result, 1, /lost the connection after 0\.0 MiB of 4\.0 MiB/);
  assertEquals(namesIn(folder.path, "copy"), []);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`backupCommand() leaves no file after ${signal}`, async () => {
    await using folder = await makeTempDir();
    const started = Promise.withResolvers<void>();
    await using server = answering(() => unfinished(() => started.resolve()));
    const path = `${folder.path}/copy.db`;
    await using command = new RunningCommand(["backup", path, ...server.url], {
      env,
    });
    await started.promise;
    command.kill(signal);
    assertEquals(await command.exitCode(), 1);
    assertMatch(await command.stderr, /interrupted, and no file was written/);
    assertEquals(namesIn(folder.path, "copy"), []);
  });
}

needs("mount")(
  "backupCommand() leaves no file on a full disk",
  async () => {
    await using disk = await SmallDisk.mount("1m");
    await using server = answering(() => unfinished());
    const path = `${disk.path}/copy.db`;
    const result = await taskwire(["backup", path, ...server.url], { env });
    assertFailure(result, 1, /copy\.db can't be written: No space left/);
    assertEquals(namesIn(disk.path, "copy"), []);
  },
);

Deno.test("backupCommand() copies a sound database", async () => {
  await using folder = await makeTempDir();
  const { server, url } = await startFileServer(folder.path);
  await using _ = server;
  for (let index = 0; index < 20; index++) {
    const published = await server.publish(`task/${index}`, {
      data: "x".repeat(20_000),
    });
    await published.body?.cancel();
  }
  const path = `${folder.path}/copy.db`;
  await taskwire(["backup", path, ...url], { env });
  const database = new DatabaseSync(path);
  const { integrity_check: found } =
    database.prepare("PRAGMA integrity_check").get() ?? {};
  database.close();
  assertEquals(found, "ok");
});

needs("tmux")(
  "backupCommand() shows progress on a terminal, and removes the line",
  async () => {
    await using folder = await makeTempDir();
    const envFile = await folder.write(
      "env",
      `TASKWIRE_API_KEYS=${testApiKey}`,
    );
    const goOn = Promise.withResolvers<void>();
    await using server = answering(() =>
      unfinished((controller) =>
        goOn.promise.then(() => {
          controller.enqueue(new Uint8Array(2_097_152));
          controller.close();
        })
      )
    );
    const path = `${folder.path}/copy.db`;
    await using terminal = await openTerminal(
      ["backup", path, "--env-file", envFile, ...server.url],
      { columns: 200 },
    );
    const progress = /^\d\.\d MiB of 4\.0 MiB$/;
    await terminal.until((lines) => progress.test(lines.at(-1) ?? ""));
    goOn.resolve();
    assertEquals(await terminal.until(hasEnded), [
      `${path}: 4.0 MiB`,
      "exit code 0",
    ]);
  },
);
