import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { eventDraftSchema } from "../../src/tasks/draft.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startForgetfulProxy } from "../support/forgetful_proxy.ts";
import { published } from "../support/published.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../support/server.ts";
import { program, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";

const env = { TASKWIRE_API_KEYS: testApiKey };

/** Reads the snapshot of a task, without members that differ between runs. */
async function taskOf({ services }: TestServer, id: string) {
  const { state } = await services.store.read(id);
  return state?.snapshot;
}

Deno.test("publishCommand() posts an event made from options", async () => {
  await using server = await startTestServer();
  const { code, stdout, stderr } = await taskwire([
    "publish",
    "videos/1?#%",
    "--status",
    "STARTED",
    "--progress",
    "0.42",
    "--message",
    "转码中",
    "--data",
    '{"frame":1200}',
    "--url",
    server.origin,
  ], { env });
  assertEquals([code, stderr], [0, ""]);
  const answer = JSON.parse(stdout);
  assertEquals(answer.connection_id, "videos/1?#%");
  assertEquals(answer.offset, 1);
  const task = await taskOf(server, "videos/1?#%");
  assertEquals(
    [task?.status, task?.progress, task?.message, task?.data],
    ["running", 0.42, "转码中", { frame: 1200 }],
  );
});

Deno.test("publishCommand() has a flag for every member of an event", async () => {
  await using server = await startTestServer();
  const event: Record<string, unknown> = {
    ...{ status: "running", attempt: 2, progress: 0.29 },
    ...{ current: 29, total: 100, unit: "rows", message: "importing" },
    ...{ data: [1], event_id: "import-29", lease: 30, user_id: "42" },
    ...{ title: "Import", labels: ["import", "team:7"] },
  };
  // Only one of `current` and `increment` can be given.
  assertEquals(
    [...Object.keys(event), "increment"].toSorted(),
    Object.keys(eventDraftSchema.shape).toSorted(),
  );
  const flags = Object.entries(event).flatMap(([member, value]) => [
    `--${member.replace("_", "-")}`,
    member === "data" ? JSON.stringify(value) : String(value),
  ]);
  await using proxy = startForgetfulProxy(server.origin);
  // The proxy drops the first answer.
  await (await fetch(proxy.origin, { method: "POST", body: "{}" })).text();
  const args = ["publish", "t", ...flags, "--url", proxy.origin];
  const { code, stderr } = await taskwire(args, { env });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(JSON.parse(proxy.bodies.at(-1) ?? ""), event);
  const { state } = await server.services.store.read("t");
  assertEquals(state?.owner, "42");
  assertEquals(state?.snapshot.attempt, 2);
  const more = ["publish", "t", "--increment", "0.5", "--url", server.origin];
  const { stdout } = await taskwire(more, { env });
  assertEquals(JSON.parse(stdout).current, 29.5);
});

Deno.test("publishCommand() follows no redirect, so that no other address gets the key or the event", async () => {
  const requests: string[] = [];
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ method }) => {
      requests.push(method);
      return new Response("{}");
    },
  );
  const target = `http://127.0.0.1:${other.addr.port}/login`;
  for (const status of [301, 302, 307, 308]) {
    await using moved = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () =>
        new Response(null, {
          status,
          headers: { Location: `${target}?secret=1` },
        }),
    );
    const url = `http://127.0.0.1:${moved.addr.port}`;
    for (const how of [{ args: ["--progress", "0.5"] }, { stdin: "{}\n" }]) {
      const { args = [], stdin } = { stdin: "", ...how };
      const call = ["publish", "t", ...args, "--url", url];
      const result = await taskwire(call, { env, stdin });
      assertFailure(result, 1, /redirects to .*set --url or TASKWIRE_URL/);
      assertStringIncludes(result.stderr, target);
      assertFalse(result.stderr.includes("secret=1"));
    }
  }
  assertEquals(requests, []);
});

Deno.test("publishCommand() fails if the answer is not taskwire's", async () => {
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      await request.text();
      return new Response("<html>Welcome\n");
    },
  );
  const url = `http://127.0.0.1:${other.addr.port}`;
  for (const how of [{ args: ["--progress", "0.5"] }, { stdin: "{}\n" }]) {
    const { args = [], stdin } = { stdin: "", ...how };
    const call = ["publish", "t", ...args, "--url", url];
    assertFailure(
      await taskwire(call, { env, stdin }),
      1,
      /not from a taskwire server/,
    );
  }
});

Deno.test("publishCommand() publishes every line even if nobody reads the answers", async () => {
  await using server = await startTestServer();
  const [file = "", ...flags] = program();
  const child = new Deno.Command(file, {
    args: [...flags, "publish", "t", "--url", server.origin],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const lines = '{"status":"running"}\n'.repeat(1_000);
  await new Blob([lines]).stream().pipeTo(child.stdin);
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 0);
  assertEquals((await taskOf(server, "t"))?.offset, 1_000);
});

Deno.test("publishCommand() posts an event per line of standard input", async () => {
  await using server = await startTestServer();
  const { code, stdout, stderr } = await taskwire(
    ["publish", "t", "--url", server.origin],
    {
      env,
      stdin: '{"status":"queued"}\n\n{"progress":0.5}\r\n{"status":"done"}',
    },
  );
  assertEquals([code, stderr], [0, ""]);
  const answers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(answers.map(({ offset }) => offset), [1, 2, 3]);
  assertEquals((await taskOf(server, "t"))?.status, "succeeded");
});

Deno.test("publishCommand() publishes a file above the limit of a request body", async () => {
  await using server = await startTestServer({
    config: { historyLimit: 10 },
  });
  const line = JSON.stringify({ message: "é", data: "x".repeat(60_000) });
  const count = 600; // 36 MB; a body is limited to 32 MiB
  const { code, stdout, stderr } = await taskwire(
    ["publish", "t", "--url", server.origin],
    { env, stdin: `${line}\n`.repeat(count) },
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.trimEnd().split("\n").length, count);
  const task = await taskOf(server, "t");
  assertEquals([task?.offset, task?.message], [count, "é"]);
});

Deno.test("publishCommand() sends lines byte for byte, and names a line that is not UTF-8", async () => {
  await using server = await startTestServer();
  const [file = "", ...flags] = program();
  const child = new Deno.Command(file, {
    args: [...flags, "publish", "a/é", "--url", server.origin],
    env,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const input = new Blob([
    '\uFEFF{"message":"à"}\n{"message":"',
    new Uint8Array([0xe9]),
    '"}\n',
  ]);
  await input.stream().pipeTo(child.stdin);
  const errors = await new Response(child.stderr).text();
  assertEquals((await child.status).code, 1);
  assertStringIncludes(errors, "line 2: the server answered HTTP 400");
  assertEquals((await taskOf(server, "a/é"))?.message, "à");
});

Deno.test("publishCommand() reports a bad line by number, and publishes the rest", async () => {
  await using server = await startTestServer();
  const result = await taskwire(["publish", "t", "--url", server.origin], {
    env,
    stdin:
      '{"progress":0.1}\n{"progress":\n\n{"progres":0.2}\n{"progress":0.3}\n',
  });
  assertFailure(result, 1, /^error: line 2: .*HTTP 400.*JSON/m);
  assertFailure(result, 1, /^error: line 4: .*HTTP 422.*progres/m);
  assertEquals(result.stderr.trimEnd().split("\n").length, 2);
  assertEquals(result.stdout.trimEnd().split("\n").length, 2);
  assertEquals((await taskOf(server, "t"))?.progress, 0.3);
});

Deno.test("publishCommand() exits 2 if there is nothing to publish", async () => {
  await using server = await startTestServer();
  for (const stdin of ["", "\n \n"]) {
    const args = ["publish", "t", "--url", server.origin];
    const result = await taskwire(args, { env, stdin });
    assertFailure(result, 2, /nothing to publish: .*--status/);
  }
  assertEquals(await taskOf(server, "t"), undefined);
});

Deno.test("publishCommand() exits 2 for a number in --data beyond double precision", async () => {
  assertFailure(
    await taskwire(["publish", "t", "--data", '{"id":1764338400123456789}'], {
      env,
    }),
    2,
    /1764338400123456789 cannot be stored exactly/,
  );
});

Deno.test("publishCommand() exits 2 for invalid options", async () => {
  const cases: [option: string, value: string, reason: RegExp][] = [
    ["--progress", "1.5", /--progress 1\.5: expected a number from 0 to 1/],
    ["--progress", "half", /--progress half: expected/],
    ["--progress", "", /--progress : expected/],
    ["--data", "{frame:1}", /--data is not JSON/],
    ["--attempt", "second", /--attempt second: expected a number/],
    ["--total", "", /--total : expected a number/],
  ];
  for (const [option, value, reason] of cases) {
    const args = ["publish", "t", `${option}=${value}`];
    assertFailure(await taskwire(args, { env }), 2, reason);
  }
});

Deno.test("publishCommand() names the setting for a missing or wrong key", async () => {
  await using server = await startTestServer();
  const args = ["publish", "t", "--status", "queued", "--url", server.origin];
  const none = await taskwire(args);
  assertFailure(none, 1, /set TASKWIRE_API_KEYS.*taskwire serve/);

  const wrong = await taskwire(args, { env: { TASKWIRE_API_KEYS: "wrong" } });
  assertFailure(
    wrong,
    1,
    /answered HTTP 401: unauthorized: .*TASKWIRE_API_KEYS/,
  );
  assertEquals(await taskOf(server, "t"), undefined);
});

Deno.test("publishCommand() publishes by a JWT only if the scope is publish", async () => {
  await using server = await startTestServer();
  const args = ["publish", "t", "--status", "queued", "--url", server.origin];
  const user = await signToken({ sub: "42" });
  assertFailure(
    await taskwire(args, { env: { TASKWIRE_API_KEYS: user } }),
    1,
    /answered HTTP 403: insufficient_scope/,
  );
  const backend = await signToken({ scope: "publish" });
  const { code } = await taskwire(args, {
    env: { TASKWIRE_API_KEYS: backend },
  });
  assertEquals(code, 0);
});

Deno.test("publishCommand() repeats the server's reason", async () => {
  await using server = await startTestServer();
  await published(server, "t", { status: "succeeded" });
  const args = ["publish", "t", "--progress", "0.5", "--url", server.origin];
  assertFailure(
    await taskwire(args, { env }),
    1,
    /answered HTTP 409: task_finished: /,
  );
});

Deno.test("publishCommand() fails if nothing listens at the address", async () => {
  const url = closedOrigin();
  const args = ["publish", "t", "--status", "queued", "--url", url];
  const result = await taskwire(args, { env });
  assertFailure(
    result,
    1,
    /no answer from http:\S+: check that 'taskwire serve'/,
  );
});

Deno.test("publishCommand() reports an answer of another server", async () => {
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<h1>Forbidden</h1>", { status: 403 }),
  );
  const args = ["publish", "t", "--status", "queued", "--url"];
  assertFailure(
    await taskwire([...args, `http://127.0.0.1:${other.addr.port}`], { env }),
    1,
    /answered HTTP 403: the answer is not from a taskwire server/,
  );
});

Deno.test("publishCommand() rejects ids that would change the path", async () => {
  await using server = await startTestServer();
  for (const id of [".", "..", ""]) {
    const args = ["publish", id, "--status", "queued", "--url", server.origin];
    assertFailure(await taskwire(args, { env }), 2, /connection_id/);
  }
});

Deno.test("publishCommand() fails for a key that no header can hold", async () => {
  const args = ["publish", "t", "--status", "queued", "--url", closedOrigin()];
  const result = await taskwire(args, { env: { TASKWIRE_API_KEYS: "ключ" } });
  assertFailure(result, 1, /TASKWIRE_API_KEYS/);
});
