import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { serveCut } from "../support/cutting_server.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { RunningCommand, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";

const ada = { user_id: "ada" };
const done = { status: "succeeded" };
const token = await signToken({ sub: "ada", labels: ["team:*"] });
const env = { TASKWIRE_TOKEN: token };

/** Returns the next line, without the bar. */
async function nextLine(watch: RunningCommand): Promise<string> {
  return (await watch.line(/./)).input.replace(/\[.*\] +/, "");
}

Deno.test("watchCommand() prints a line for each change of the user's tasks, until interrupted", async () => {
  await using server = await startTestServer();
  await published(server, "a", { ...ada, progress: 0.25 });
  await published(server, "b", { ...ada, status: "queued" });
  await published(server, "other", { user_id: "eve" });
  await using watch = new RunningCommand(
    ["watch", "--mine", "--url", server.origin],
    { env },
  );
  assertEquals(await nextLine(watch), "a  25%  running");
  assertEquals(await nextLine(watch), "b  queued");
  await published(server, "b", { progress: 0.5, status: "running" });
  assertEquals(await nextLine(watch), "b  50%  running");
  await server.services.store.forget("a");
  await published(server, "c", ada, done);
  assertEquals(await nextLine(watch), "c  100%  succeeded");
  watch.kill("SIGINT");
  assertEquals(await watch.exitCode(), 130); // ended by SIGINT
  assertEquals(
    await watch.stderr,
    "list: connected as authenticated, user ada\na: left the list\n",
  );
});

Deno.test("watchCommand() follows the tasks that have all given labels", async () => {
  await using server = await startTestServer();
  await published(server, "a", { labels: ["team:7"] });
  await published(server, "b", { labels: ["team:7", "import"] });
  const args = ["watch", "--label", "team:7", "--label", "import"];
  await using watch = new RunningCommand([...args, "--url", server.origin], {
    env,
  });
  assertEquals(await nextLine(watch), "b  running");
  await published(server, "a", { progress: 0.5 });
  await published(server, "b", done);
  assertEquals(await nextLine(watch), "b  100%  succeeded");
});

Deno.test("watchCommand() prints only what has changed after a lost connection", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  await published(server, "a", ada);
  await published(server, "b", ada);
  await using watch = new RunningCommand(
    ["watch", "--mine", "--url", proxy.origin],
    { env },
  );
  assertEquals(await nextLine(watch), "a  running");
  assertEquals(await nextLine(watch), "b  running");
  proxy.cut();
  await published(server, "a", { progress: 0.5 });
  proxy.mend();
  assertEquals(await nextLine(watch), "a  50%  running");
});

Deno.test("watchCommand() notes that a list has more tasks", async () => {
  await using server = await startTestServer();
  for (let index = 0; index <= 100; index++) {
    await published(server, `t${index}`, ada);
  }
  await using watch = new RunningCommand(
    ["watch", "--mine", "--url", server.origin],
    { env },
  );
  await watch.line(/^t100 /);
  watch.kill("SIGINT");
  await watch.exitCode();
  assertMatch(
    await watch.stderr,
    /^list: only the newest 100 tasks are shown$/m,
  );
});

Deno.test("watchCommand() exits 1 with the reason if the server refuses the list", async () => {
  await using server = await startTestServer();
  const args = ["watch", "--label", "import", "--url", server.origin];
  const result = await taskwire(args, { env });
  assertFailure(
    result,
    1,
    /^error: list: .*for good \(4403\): .*'labels' claim/m,
  );
  assertEquals(result.stdout, "");
});

for (
  const [what, flags, says] of [
    ["nothing to watch", [], /give the ids of tasks, --mine or --label/],
    ["ids and --mine", ["a", "--mine"], /only one of these/],
    ["ids and --label", ["a", "--label", "b"], /only one of these/],
    ["--mine and --label", ["--mine", "--label", "b"], /only one of these/],
    [
      "five labels",
      ["a", "b", "c", "d", "e"].flatMap((label) => ["--label", label]),
      /--label: 4 labels at most/,
    ],
  ] as const
) {
  Deno.test(`watchCommand() exits 2 for ${what}`, async () => {
    const args = ["watch", ...flags, "--url", closedOrigin()];
    assertFailure(await taskwire(args, { env }), 2, says);
  });
}

Deno.test("watchCommand() exits 2 for a list without a token", async () => {
  const args = ["watch", "--mine", "--url", closedOrigin()];
  assertFailure(
    await taskwire(args),
    2,
    /a list needs a token: set TASKWIRE_TOKEN/,
  );
});

const hostile: Record<string, string> = {
  "a list without tasks": '{"type":"list","list":"1","complete":true}',
  "a task without an id":
    '{"type":"list","list":"1","complete":true,"tasks":[{}]}',
  "an update without a task": '{"type":"list_update","list":"1"}',
  "a removal without an id": '{"type":"list_remove","list":"1"}',
};

for (const [what, message] of Object.entries(hostile)) {
  Deno.test(`watchCommand() fails in one sentence if the server sends ${what}`, async () => {
    await using server = serveCut(message);
    const args = ["watch", "--mine", "--url", server.origin];
    const result = await taskwire(args, { env });
    assertFailure(result, 1, /^error: list: .* no frame of taskwire.*\n$/);
  });
}
