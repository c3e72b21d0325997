import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../support/server.ts";
import { program, RunningCommand, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { hasEnded, openTerminal } from "../support/terminal.ts";

const env = { TASKWIRE_API_KEYS: testApiKey };

/** Makes the arguments to run a shell script as task `t`. */
function runArgs(
  { origin }: Pick<TestServer, "origin">,
  script: string,
  ...flags: readonly string[]
): string[] {
  return ["run", "t", "--url", origin, ...flags, "--", "sh", "-c", script];
}

/** Reads the snapshot of task `t`. */
async function readTask({ services }: TestServer) {
  const { state } = await services.store.read("t");
  return state?.snapshot;
}

/** Reads the events of task `t`. */
async function readEvents({ services }: TestServer) {
  const { events } = await services.store.read("t", "oldest");
  return events.map(({ json }) => JSON.parse(json));
}

/** Asks task `t` to stop. */
async function cancel({ origin }: TestServer): Promise<void> {
  const response = await fetch(`${origin}/api/tasks/t/cancel`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  assertEquals(response.ok, true, await response.text());
}

/** Resolves once a heartbeat of task `t` waits. */
function heard({ services }: TestServer): Promise<void> {
  return eventually(() => Promise.resolve(services.hub.listenerCount("t") > 0));
}

/** A pipe with a name, for a command that waits for the test. */
async function makeFifo(folder: string) {
  const path = `${folder}/fifo`;
  const { success } = await new Deno.Command("mkfifo", { args: [path] })
    .output();
  assertEquals(success, true);
  return { path, release: () => Deno.writeTextFile(path, "go\n") };
}

for (
  const [script, code, status, message] of [
    ["echo one; echo two", 0, "succeeded", "two"],
    ["echo one >&2; exit 3", 3, "failed", "one"],
    ["exit 3", 3, "failed", "exit code 3"],
    ["kill -KILL $$", 137, "failed", "ended by SIGKILL"],
    ["echo one; kill -SEGV $$", 139, "failed", "ended by SIGSEGV: one"],
    ["printf 'a\\n10%%\\r20%%\\r\\n\\n'", 0, "succeeded", "20%"],
    ["printf 'no line end'", 0, "succeeded", "no line end"],
    ["true", 0, "succeeded", undefined],
  ] as const
) {
  Deno.test(`runCommand() ends the task of '${script}' as ${status}`, async () => {
    await using server = await startTestServer();
    const result = await taskwire(runArgs(server, script), { env });
    assertEquals(result.code, code, result.stderr);
    const events = await readEvents(server);
    assertEquals(
      [events[0].status, events.at(-1).status, events.at(-1).message],
      ["running", status, message],
    );
  });
}

Deno.test("runCommand() publishes title, labels, user, lease and attempt", async () => {
  await using server = await startTestServer();
  const flags = ["--title", "Import", "--labels", "a,b", "--user-id", "42"];
  const more = ["--lease", "60", "--attempt", "2"];
  const args = runArgs(server, "echo ready; read line", ...flags, ...more);
  await using command = new RunningCommand(args, { env });
  assertEquals(await command.exitCode(), 1);
  const { state } = await server.services.store.read("t");
  const { title, labels, attempt } = state?.snapshot ?? {};
  assertEquals(
    [title, labels, attempt, state?.owner],
    ["Import", ["a", "b"], 2, "42"],
  );
  const [first] = await readEvents(server);
  assertEquals([first.status, first.title], ["running", "Import"]);
});

Deno.test("runCommand() exits as a shell does if the command does not start", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const plain = await folder.write("plain", "text");
  const cases = [
    ["nosuch-command", 127, "nosuch-command: command not found"],
    [`${folder.path}/no`, 127, `${folder.path}/no: command not found`],
    [
      plain,
      126,
      `${plain}: cannot be executed: permission denied, or not an executable file`,
    ],
  ] as const;
  for (const [index, [file, code, message]] of cases.entries()) {
    const id = String(index);
    const args = ["run", id, "--url", server.origin, "--", file];
    const result = await taskwire(args, { env });
    assertEquals([result.code, result.stderr], [code, `error: ${message}\n`]);
    const { state } = await server.services.store.read(id);
    assertEquals(
      [state?.snapshot.status, state?.snapshot.message],
      ["failed", message],
    );
  }
});

for (
  const [trap, code] of [["", 143], ["trap 'exit 5' TERM; ", 5], [
    "trap 'echo cleaned; exit 0' TERM; ",
    0,
  ]] as const
) {
  Deno.test(`runCommand() cancels with SIGTERM, and exits with ${code} as the command`, async () => {
    await using server = await startTestServer();
    const script = `${trap}echo ready; while :; do sleep 0.1; done`;
    const args = runArgs(server, script);
    await using command = new RunningCommand(args, { env });
    await command.line(/^ready$/);
    await heard(server);
    await cancel(server);
    assertEquals(await command.exitCode(), code);
    const task = await readTask(server);
    assertEquals(
      [task?.status, task?.message],
      ["canceled", code === 0 ? "cleaned" : "ready"],
    );
    assertEquals(
      await command.stderr,
      "warning: the task was canceled: SIGTERM was sent to the command\n",
    );
  });
}

Deno.test("runCommand() kills a command that ignores SIGTERM", async () => {
  await using server = await startTestServer();
  const script = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
  const args = runArgs(server, script, "--kill-after", "0.2");
  await using command = new RunningCommand(args, { env });
  await command.line(/^ready$/);
  await heard(server);
  await cancel(server);
  assertEquals(await command.exitCode(), 137);
  assertEquals((await readTask(server))?.status, "canceled");
  assertStringIncludes(
    await command.stderr,
    "the command did not end within 0.2 s: SIGKILL was sent",
  );
});

Deno.test("runCommand() hears of a cancel before the start", async () => {
  await using server = await startTestServer();
  await (await server.publish("t", { status: "queued" })).body?.cancel();
  await cancel(server);
  const { code } = await taskwire(runArgs(server, "exec sleep 60"), { env });
  assertEquals(code, 143);
  assertEquals((await readTask(server))?.status, "canceled");
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`runCommand() passes on ${signal}, and publishes the end`, async () => {
    await using server = await startTestServer();
    const name = signal.slice("SIG".length);
    const script =
      `trap 'echo ${name}; exit 7' ${name}; echo ready; while :; do sleep 0.1; done`;
    const args = runArgs(server, script);
    await using command = new RunningCommand(args, { env });
    await command.line(/^ready$/);
    command.kill(signal);
    assertEquals(await command.exitCode(), 7);
    const task = await readTask(server);
    assertEquals([task?.status, task?.message], ["failed", name]);
  });
}

Deno.test("runCommand() leaves SIGHUP ignored, as under nohup", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const fifo = await makeFifo(folder.path);
  const inner = runArgs(
    server,
    `echo ready; read line <${fifo.path}; kill -HUP $PPID $$; echo $line`,
  );
  const [file = "", ...flags] = program("run");
  const child = new Deno.Command("sh", {
    args: ["-c", `trap '' HUP; exec "$0" "$@"`, file, ...flags, ...inner],
    env,
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await output.read()).value, "ready\n");
  await fifo.release();
  assertEquals((await output.read()).value, "go\n");
  assertEquals((await output.read()).done, true);
  assertEquals((await child.status).code, 0);
  // A signal at the end of the command does not prevent the publishing.
  assertEquals((await readTask(server))?.status, "succeeded");
});

Deno.test("runCommand() passes 10 MB of bytes through unchanged, on both outputs", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const bytes = new Uint8Array(10_000_000);
  for (let start = 0; start < bytes.length; start += 50_000) {
    crypto.getRandomValues(bytes.subarray(start, start + 50_000));
  }
  const path = `${folder.path}/bytes`;
  await Deno.writeFile(path, bytes);
  const [file = "", ...flags] = program("run");
  const args = runArgs(server, `cat ${path} & cat ${path} >&2; wait`);
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args: [...flags, ...args],
    env,
  }).output();
  assertEquals(code, 0);
  // Not `assertEquals`, with a list of differences of 10 million lines.
  assertEquals(stdout.length, bytes.length);
  assertEquals(stdout.every((byte, index) => byte === bytes[index]), true);
  assertEquals(stderr.length, bytes.length);
  assertEquals(stderr.every((byte, index) => byte === bytes[index]), true);
  const status = (await readTask(server))?.status;
  assertEquals(status, "succeeded");
});

Deno.test("runCommand() hands its input to the command", async () => {
  await using server = await startTestServer();
  const { code, stdout } = await taskwire(runArgs(server, "cat"), {
    env,
    stdin: "one\ntwo",
  });
  assertEquals([code, stdout], [0, "one\ntwo"]);
});

for (
  const [style, before, after] of [
    [
      "ffmpeg",
      "Input #0\nframe=  1\rframe=  2\r",
      "frame=  3   \nvideo: 1kB\n",
    ],
    ["tqdm", "\rframe=  1\rframe=  2", "\rframe=  3\nvideo: 1kB"],
  ] as const
) {
  Deno.test(`runCommand() publishes a progress line overwritten as by ${style}`, async () => {
    await using server = await startTestServer();
    await using folder = await makeTempDir();
    const fifo = await makeFifo(folder.path);
    const first = await folder.write("first", before);
    const rest = await folder.write("rest", after);
    const script = `cat ${first} >&2; read line <${fifo.path}; cat ${rest} >&2`;
    const args = runArgs(server, script);
    await using command = new RunningCommand(args, { env });
    await eventually(async () =>
      (await readTask(server))?.message === "frame=  2"
    );
    assertEquals((await readTask(server))?.status, "running");
    await fifo.release();
    assertEquals(await command.exitCode(), 0);
    assertEquals(await command.stderr, before + after);
    assertEquals((await readTask(server))?.message, "video: 1kB");
  });
}

Deno.test("runCommand() publishes few of many lines, and the last", async () => {
  await using server = await startTestServer();
  const { code } = await taskwire(runArgs(server, "seq 100000"), { env });
  assertEquals(code, 0);
  const task = await readTask(server);
  assertEquals([task?.status, task?.message], ["succeeded", "100000"]);
  assertEquals((task?.offset ?? 0) < 100, true);
});

Deno.test("runCommand() keeps a silent command running by heartbeats", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const fifo = await makeFifo(folder.path);
  const args = runArgs(server, `read line <${fifo.path}`, "--lease", "6");
  await using command = new RunningCommand(args, { env });
  const leaseEndsAtMs = async () => {
    const { state } = await server.services.store.read("t");
    return state?.leaseEndsAtMs ?? 0;
  };
  await eventually(async () => await leaseEndsAtMs() > 0);
  const firstEndMs = await leaseEndsAtMs();
  // A lease that began after the end of the first.
  await eventually(async () => await leaseEndsAtMs() > firstEndMs + 6_000);
  await fifo.release();
  assertEquals(await command.exitCode(), 0);
  const events = await readEvents(server);
  assertEquals(events.map(({ status }) => status), ["running", "succeeded"]);
});

Deno.test("runCommand() begins the task again on a server that lost the task", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const fifo = await makeFifo(folder.path);
  const args = runArgs(
    server,
    `echo ready; read line <${fifo.path}`,
    ...["--lease", "1", "--title", "Import", "--user-id", "42"],
  );
  await using command = new RunningCommand(args, { env });
  await command.line(/^ready$/);
  await heard(server);
  await server.services.store.forget("t");
  await eventually(async () => (await readTask(server))?.status === "running");
  const { state } = await server.services.store.read("t");
  assertEquals(
    [state?.snapshot.title, state?.snapshot.message, state?.owner],
    ["Import", "ready", "42"],
  );
  await fifo.release();
  assertEquals([await command.exitCode(), await command.stderr], [0, ""]);
});

Deno.test("runCommand() publishes once the server answers", async () => {
  await using folder = await makeTempDir();
  const fifo = await makeFifo(folder.path);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const origin = `http://127.0.0.1:${port}`;
  const args = runArgs(
    { origin },
    `read line <${fifo.path}; echo $line; exit 3`,
  );
  await using command = new RunningCommand(args, { env });
  // The first try fails.
  (await listener.accept()).close();
  listener.close();
  await using server = await startTestServer({ config: { port } });
  await eventually(async () => (await readTask(server))?.status === "running");
  await fifo.release();
  assertEquals(await command.exitCode(), 3);
  const task = await readTask(server);
  assertEquals([task?.status, task?.message], ["failed", "go"]);
  const warnings = (await command.stderr).trimEnd().split("\n");
  assertEquals(warnings.length, 1, warnings.join("\n"));
  assertStringIncludes(warnings.join(), "The command is not affected");
});

Deno.test("runCommand() tries to publish the end until interrupted", async () => {
  const ends = Promise.withResolvers<void>();
  const ids = new Set<unknown>();
  await using failing = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { status, event_id } = await request.json();
      if (status === "succeeded") {
        if (ids.has(event_id)) ends.resolve();
        ids.add(event_id);
      }
      return new Response("", { status: 503 });
    },
  );
  const origin = `http://127.0.0.1:${failing.addr.port}`;
  await using command = new RunningCommand(runArgs({ origin }, "true"), {
    env,
  });
  await ends.promise;
  command.kill("SIGINT");
  assertEquals(await command.exitCode(), 0);
  assertStringIncludes(
    await command.stderr,
    "warning: the end of the task was not published: ",
  );
  assertEquals(ids.size, 1);
});

Deno.test("runCommand() runs the command although nothing listens at the address", async () => {
  const result = await taskwire(
    runArgs({ origin: closedOrigin() }, "echo done; exit 4"),
    { env },
  );
  assertEquals([result.code, result.stdout], [4, "done\n"]);
  const [first = "", second = ""] = result.stderr.split("\n");
  assertStringIncludes(first, "warning: no answer from ");
  assertStringIncludes(second, "the end of the task was not published");
});

Deno.test("runCommand() runs the command although the server refuses the key", async () => {
  await using server = await startTestServer();
  const key = "another-api-key-of-a-test";
  const result = await taskwire(runArgs(server, "echo done; exit 4"), {
    env: { TASKWIRE_API_KEYS: key },
  });
  assertEquals([result.code, result.stdout], [4, "done\n"]);
  assertEquals(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
  assertStringIncludes(result.stderr, "HTTP 401");
  assertFalse(result.stderr.includes(key));
});

Deno.test("runCommand() leaves the command's environment unchanged", async () => {
  await using server = await startTestServer();
  await using folder = await makeTempDir();
  const file = await folder.write("env", `TASKWIRE_API_KEYS=${testApiKey}\n`);
  const given = { LD_LIBRARY_PATH: "/nowhere", NO_PROXY: "a.example" };
  const script = "printenv NO_PROXY LD_LIBRARY_PATH TASKWIRE_API_KEYS";
  const { stdout } = await taskwire(
    runArgs(server, script, "--env-file", file),
    { env: given },
  );
  assertEquals(stdout, "a.example\n/nowhere\n");
  const none = await taskwire(
    runArgs(server, "printenv NO_PROXY", "--env-file", file),
  );
  assertEquals(none.stdout, "");
});

Deno.test("runCommand() closes the command's output if nobody reads", async () => {
  await using server = await startTestServer();
  const [file = "", ...flags] = program("run");
  const child = new Deno.Command(file, {
    args: [...flags, "run", "t", "--url", server.origin, "--", "yes"],
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 128 + 13);
  const task = await readTask(server);
  assertEquals([task?.status, task?.message], [
    "failed",
    "ended by SIGPIPE: y",
  ]);
});

Deno.test("runCommand() does not wait for a process that the command left behind", async () => {
  await using server = await startTestServer();
  const { code, stdout } = await taskwire(
    runArgs(server, "sleep 600 & echo $!"),
    { env },
  );
  Deno.kill(Number(stdout), "SIGTERM");
  assertEquals(code, 0);
  assertEquals((await readTask(server))?.status, "succeeded");
});

Deno.test("runCommand() exits 2 for wrong usage, without running the command", async () => {
  const cases: [args: string[], reason: RegExp][] = [
    [["t"], /missing required argument 'command'/],
    [["..", "--", "echo", "ran"], /connection_id/],
    [["t", "--lease", "0", "--", "echo", "ran"], /lease: /],
    [["t", "--lease", "x", "--", "echo", "ran"], /--lease x: expected/],
    [["t", "--kill-after", "-1", "--", "echo", "ran"], /--kill-after -1/],
    [["t", "--labels", "a,a", "--", "echo", "ran"], /labels: /],
  ];
  for (const [args, reason] of cases) {
    const result = await taskwire(["run", ...args], { env });
    assertFailure(result, 2, reason);
    assertEquals(result.stdout, "");
  }
});

Deno.test("runCommand() exits 1 without a key, without running the command", async () => {
  const result = await taskwire(["run", "t", "--", "echo", "ran"]);
  assertFailure(result, 1, /no API key.*TASKWIRE_API_KEYS/);
  assertEquals(result.stdout, "");
});

if (!Deno.env.get("TASKWIRE_BINARY")) {
  Deno.test("runCommand() explains the missing permission of 'deno task start'", async () => {
    const [file = "", ...flags] = program();
    const { code, stderr } = await new Deno.Command(file, {
      args: [...flags, "run", "t", "--", "echo", "ran"],
      env,
    }).output();
    assertEquals(code, 1);
    assertStringIncludes(
      new TextDecoder().decode(stderr),
      "deno run -A main.ts run",
    );
  });
}

const terminalTest = needs("tmux", "bash");

terminalTest(
  "runCommand() runs a command that reads from a terminal",
  async () => {
    await using server = await startTestServer();
    const script = "test -t 0 && printf 'name? ' && read n && echo \"hi $n\"";
    await using terminal = await openTerminal(runArgs(server, script), { env });
    await terminal.until((lines) => lines.at(-1) === "name?");
    await terminal.press("Ann", "Enter");
    const lines = await terminal.until(hasEnded);
    assertEquals(lines, ["name? Ann", "hi Ann", "exit code 0"]);
    // The terminal, not the command, writes the typed name.
    assertEquals((await readTask(server))?.message, "name? hi Ann");
  },
);

terminalTest("runCommand() lets Ctrl-C reach the command once", async () => {
  await using server = await startTestServer();
  const script = "trap 'echo INT' INT; echo ready; read x; echo got $x; exit 3";
  const args = ["run", "t", "--url", server.origin, "--", "bash", "-c", script];
  await using terminal = await openTerminal(args, { env });
  await terminal.until((lines) => lines.includes("ready"));
  await terminal.press("C-c");
  await terminal.until((lines) => lines.some((line) => line.endsWith("INT")));
  await terminal.press("y", "Enter");
  const lines = await terminal.until(hasEnded);
  assertEquals(lines.filter((line) => line.endsWith("INT")).length, 1);
  assertEquals(lines.slice(-2), ["got y", "exit code 3"]);
  assertEquals((await readTask(server))?.status, "failed");
});

terminalTest(
  "runCommand() exits 130 after Ctrl-C, as the command",
  async () => {
    await using server = await startTestServer();
    const args = runArgs(server, "printf '10%%\\r20%%\\r'; exec sleep 600");
    await using terminal = await openTerminal(args, { env });
    await terminal.until(([line]) => line === "20%");
    await terminal.press("C-c");
    await terminal.until((lines) =>
      lines.at(-1)?.endsWith("exit code 130") === true
    );
    const task = await readTask(server);
    assertEquals(
      [task?.status, task?.message],
      ["failed", "ended by SIGINT: 20%"],
    );
  },
);
