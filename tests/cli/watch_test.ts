import { assert, assertEquals, assertMatch } from "@std/assert";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { serveCut } from "../support/cutting_server.ts";
import { published } from "../support/published.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { RunningCommand, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";

/** Starts the command, and waits for the server's first answer for each task. */
async function startWatch(
  { origin }: Pick<TestServer, "origin">,
  ids: readonly string[],
): Promise<RunningCommand> {
  const watch = new RunningCommand(["watch", ...ids, "--url", origin]);
  for (const _ of ids) await watch.line(/waiting for its first event$/);
  return watch;
}

/** Reads lines up to the first match. */
async function linesUntil(
  watch: RunningCommand,
  pattern: RegExp,
): Promise<string[]> {
  const lines: string[] = [];
  while (!pattern.test(lines.at(-1) ?? "")) {
    lines.push((await watch.line(/.+/))[0]);
  }
  return lines;
}

Deno.test("watchCommand() follows a task from queued to succeeded", async () => {
  await using server = await startTestServer();
  await using watch = await startWatch(server, ["videos/1"]);
  await published(
    server,
    "videos/1",
    { status: "queued" },
    { status: "running", current: 42, total: 100, unit: "rows" },
    { message: "转码中" },
    { status: "succeeded", progress: 1 },
  );
  const lines = await linesUntil(watch, /succeeded/);
  assertEquals(lines.map((line) => line.replace(/\[.*\] +/, "")), [
    "videos/1  queued",
    "videos/1  42%  running  42/100 rows",
    "videos/1  42%  running  42/100 rows  转码中",
    "videos/1  100%  succeeded  42/100 rows  转码中",
  ]);
  assertEquals(await watch.exitCode(), 0);
  assertEquals(await watch.stderr, "videos/1: connected as guest, user 1\n");
});

for (const status of ["failed", "canceled"]) {
  Deno.test(`watchCommand() exits 1 if a task is ${status}`, async () => {
    await using server = await startTestServer();
    await using watch = await startWatch(server, ["t"]);
    await published(server, "t", { status, message: "why" });
    assertMatch((await watch.line(/./)).input, /why$/);
    assertEquals(await watch.exitCode(), 1);
  });
}

Deno.test("watchCommand() exits at once if the task has ended", async () => {
  await using server = await startTestServer();
  await published(server, "t", { status: "succeeded" });
  const { code, stdout } = await taskwire([
    "watch",
    "t",
    "--url",
    server.origin,
  ]);
  assertEquals(code, 0);
  assertMatch(stdout, /^t .* succeeded\n$/);
});

Deno.test("watchCommand() waits for every task, and exits 1 if any failed", async () => {
  await using server = await startTestServer();
  await using watch = await startWatch(server, ["a", "b"]);
  await published(server, "a", { status: "failed" });
  await watch.line(/^a .* failed$/);
  await published(server, "b", { status: "running" });
  await watch.line(/^b .* running$/);
  await published(server, "b", { status: "succeeded" });
  await watch.line(/^b .* succeeded$/);
  assertEquals(await watch.exitCode(), 1);
});

Deno.test("watchCommand() reconnects after a restart of the server, and misses no event", async () => {
  await using server = await startTestServer();
  await using watch = await startWatch(server, ["t"]);
  await published(server, "t", { progress: 0.25 });
  await watch.line(/25%/);
  const [connection] = server.services.registry.list();
  assert(connection);
  connection.close(closeCodes.serviceRestart, {
    code: "server_restarting",
    message: "Connect again",
    retryAfterMs: 1,
  });
  await published(server, "t", { progress: 0.5 }, { status: "succeeded" });
  const lines = await linesUntil(watch, /succeeded/);
  assertEquals(await watch.exitCode(), 0);
  // resumed: the missed event is delivered as an event, not merged into a snapshot
  assertEquals(lines.filter((line) => / 50% +running$/.test(line)).length, 1);
  const stderr = await watch.stderr;
  assertMatch(stderr, /^t: server_restarting: Connect again$/m);
  assertMatch(stderr, /^t: connection lost .*; connecting again in 0\.0 s$/m);
});

Deno.test("watchCommand() exits 1 with the reason if an operator closes the connection", async () => {
  await using server = await startTestServer();
  await using watch = await startWatch(server, ["t"]);
  const [connection] = server.services.registry.list();
  assert(connection);
  connection.close(closeCodes.disconnected, {
    code: "disconnected_by_operator",
    message: "An operator ended it",
  });
  assertEquals(await watch.exitCode(), 1);
  assertEquals(
    await watch.stderr,
    "t: connected as guest, user 1\n" +
      "t: disconnected_by_operator: An operator ended it\n" +
      "error: t: the server ended the watch for good (4409): An operator ended it\n",
  );
});

Deno.test("watchCommand() reconnects after a cut connection, and reports the cut", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  await using watch = await startWatch(proxy, ["t"]);
  await published(server, "t", { progress: 0.25 });
  await watch.line(/25%/);
  proxy.cut();
  proxy.mend();
  await published(server, "t", { status: "succeeded" });
  assertEquals(await watch.exitCode(), 0);
  assertMatch(
    await watch.stderr,
    /^t: connection lost \(.+\); connecting again in \d\.\d s$/m,
  );
});

Deno.test("watchCommand() exits 1 with the reason if the user may not watch", async () => {
  await using server = await startTestServer();
  await published(server, "t", { status: "running", user_id: "42" });
  const result = await taskwire(["watch", "t", "--url", server.origin]);
  assertFailure(result, 1, /^error: t: .*for good \(4403\): \S+/m);
  assertEquals(result.stdout, "");
});

Deno.test("watchCommand() watches as the user of a token", async () => {
  await using server = await startTestServer();
  await published(server, "t", { status: "succeeded", user_id: "42" });
  const args = ["watch", "t", "--url", server.origin];
  const token = await signToken({ sub: "42" });
  const calls = [
    await taskwire([...args, "--token", token]),
    await taskwire(args, { env: { TASKWIRE_TOKEN: token } }),
  ];
  for (const { code, stderr } of calls) {
    assertMatch(stderr, /^t: connected as authenticated, user 42\n$/m);
    assert(!stderr.includes(token));
    assertEquals(code, 0);
  }
});

Deno.test("watchCommand() reports a rejected token, and continues as a guest", async () => {
  await using server = await startTestServer();
  await published(server, "t", { status: "succeeded" });
  const token = await signToken({ sub: "42", exp: 1 });
  const args = ["watch", "t", "--url", server.origin];
  const { code, stderr } = await taskwire(args, {
    env: { TASKWIRE_TOKEN: token },
  });
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^t: connected as invalid_token, user 1\nt: token_expired: /,
  );
  assert(!stderr.includes(token));
});

Deno.test("watchCommand() fails if nothing listens, or another server does", async () => {
  const nothing = await taskwire(["watch", "t", "--url", closedOrigin()]);
  assertFailure(
    nothing,
    1,
    /cannot connect to http:\S+: the connection was refused/,
  );
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: 403 }),
  );
  const url = `http://127.0.0.1:${other.addr.port}`;
  const refused = await taskwire(["watch", "t", "--url", url]);
  assertFailure(refused, 1, /answered HTTP 403 instead/);
});

Deno.test("watchCommand() rejects a token that no header can hold", async () => {
  const args = [
    "watch",
    "t",
    "--url",
    closedOrigin(),
    "--token",
    "not a token",
  ];
  const result = await taskwire(args);
  assertFailure(result, 2, /^error: --token=\(hidden\): expected a JWT/m);
  assert(!result.stderr.includes("not a token"));
});

const hostile: Record<string, string> = {
  "no JSON": "hello",
  "nothing": "null",
  "a list": "[]",
  "an empty object": "{}",
  "an event without a number": '{"type":"task","connection_id":"t"}',
  "an event without a task": '{"type":"task","offset":1}',
  "a progress of text":
    '{"type":"task","connection_id":"t","offset":1,"progress":"1"}',
  "a message that is not text":
    '{"type":"task","connection_id":"t","offset":1,"message":{"toString":1}}',
  "a number as a task":
    '{"type":"sync","connection_id":"t","epoch":"e","offset":0,"recovered":false,"task":5}',
  "an error without a message": '{"type":"error","code":{"toString":1}}',
  "a retry delay of a million years":
    '{"type":"error","code":"c","message":"m","retry_after_ms":1e300}',
};

for (const [what, message] of Object.entries(hostile)) {
  Deno.test(`watchCommand() fails in one sentence if the server sends ${what}`, async () => {
    await using server = serveCut(message);
    const result = await taskwire(["watch", "t", "--url", server.origin]);
    assertFailure(result, 1, /^error: t: .* no frame of taskwire.*\n$/);
  });
}

Deno.test("watchCommand() clamps progress to the bar, and ignores unknown frames", async () => {
  await using server = serveCut(
    '{"type":"news"}',
    '{"type":"sync","connection_id":"t","epoch":"e","offset":0,"recovered":false,"task":null}',
    '{"type":"task","connection_id":"t","offset":1,"progress":-1e308}',
    '{"type":"task","connection_id":"t","offset":2,"progress":1e308,"status":"succeeded"}',
  );
  const { code, stdout } = await taskwire([
    "watch",
    "t",
    "--url",
    server.origin,
  ]);
  assertEquals(code, 0);
  assertMatch(stdout, / 0%\n.* 100% {2}succeeded\n$/);
});

for (const error of ["forbidden", "origin_not_allowed"]) {
  Deno.test(`watchCommand() does not reconnect after ${error}, even if the connection is cut`, async () => {
    await using server = serveCut(
      `{"type":"error","code":"${error}","message":"Why"}`,
    );
    const result = await taskwire(["watch", "t", "--url", server.origin]);
    assertFailure(result, 1, /^error: t: .*for good \(4403\): Why$/m);
    assertEquals(server.count, 1);
  });
}
