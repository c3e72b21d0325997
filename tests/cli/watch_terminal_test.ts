import { assertEquals } from "@std/assert";
import { needs } from "../support/needs.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { hasEnded, openTerminal } from "../support/terminal.ts";
import { signToken } from "../support/tokens.ts";

const test = needs("tmux");

/** Returns a condition: `count` lines of the screen match. */
function shows(pattern: RegExp, count = 1) {
  return (lines: readonly string[]) =>
    lines.filter((line) => pattern.test(line)).length === count;
}

const waiting = /waiting for its first event$/;

test("watchCommand() draws each task once on a terminal, below the messages", async () => {
  await using server = await startTestServer();
  const args = ["watch", "a", "b", "--url", server.origin];
  await using terminal = await openTerminal(args);
  await terminal.until(shows(waiting, 2));
  await published(server, "a", { current: 29, total: 100 });
  await published(server, "b", { progress: 0.5 });
  await terminal.until(shows(/^b .* 50% {2}running$/));
  await server.services.store.forget("b");
  await published(server, "a", { current: 57 });
  const lines = await terminal.until((lines) =>
    shows(/^a .* 57% /)(lines) && shows(/^b .* deleted$/)(lines)
  );
  assertEquals(lines.slice(0, 2).sort(), [
    "a: connected as guest, user 1",
    "b: connected as guest, user 1",
  ]);
  assertEquals(lines.slice(2).map((line) => line.replace(/\[.*\] +/, "")), [
    "b: the task was deleted",
    "a  57%  running  57/100",
    "b  50%  deleted",
  ]);
  await published(server, "a", { status: "succeeded" });
  const end = await terminal.until(hasEnded);
  assertEquals(end.slice(3).map((line) => line.replace(/\[.*\] +/, "")), [
    "a  100%  succeeded  57/100",
    "b  50%  deleted",
    "exit code 1",
  ]);
});

for (const [columns, rows] of [[20, 4], [80, 3], [80, 2], [12, 24]] as const) {
  test(`watchCommand() draws no line twice on a terminal of ${columns} columns and ${rows} rows`, async () => {
    await using server = await startTestServer();
    const ids = ["t0", "t1", "t2", "t3", "t4"];
    for (const id of ids) {
      const message = "转码中 transcoding".repeat(10);
      await published(server, id, { progress: 0.5, message });
    }
    const args = ["watch", ...ids, "--url", server.origin];
    await using terminal = await openTerminal(args, { columns, rows });
    await terminal.until(shows(/^t\d: connected/, 5));
    for (const id of ids) {
      await published(server, id, { progress: 0.6 }, { status: "succeeded" });
    }
    const lines = await terminal.until(hasEnded);
    const words = lines.map((line) => line.replace(/ .*/, ""));
    // First the connections, in any order, then the tasks, in the order of the arguments.
    assertEquals(words.slice(0, 5).sort(), ids.map((id) => `${id}:`));
    assertEquals(words.slice(5), [...ids, "exit"], lines.join("\n"));
  });
}

test("watchCommand() draws a list on a terminal, each task on a line of its own", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "ada" });
  const ada = { user_id: "ada" };
  await using terminal = await openTerminal(
    ["watch", "--mine", "--url", server.origin],
    { env: { TASKWIRE_TOKEN: token } },
  );
  await terminal.until(shows(/^no tasks$/));
  await published(server, "a", { ...ada, progress: 0.5 });
  await terminal.until(shows(/^a .* 50% {2}running$/));
  await published(server, "b", ada);
  await terminal.until(shows(/^b .* running$/));
  await published(server, "a", { status: "succeeded" });
  const lines = await terminal.until(shows(/^a .* succeeded$/));
  assertEquals(lines.map((line) => line.replace(/\[.*\] +/, "")), [
    "list: connected as authenticated, user ada",
    "a  100%  succeeded",
    "b  running",
  ]);
  await server.services.store.forget("a");
  const rest = await terminal.until((lines) => lines.length === 2);
  assertEquals(rest.at(-1)?.replace(/\[.*\] +/, ""), "b  running");
});

test("watchCommand() redraws on a narrowed terminal", async () => {
  await using server = await startTestServer();
  const args = ["watch", "a", "b", "--url", server.origin];
  await using terminal = await openTerminal(args);
  await terminal.until(shows(waiting, 2));
  const message = "word ".repeat(20);
  await published(server, "a", { progress: 0.1, message });
  await published(server, "b", { progress: 0.1, message });
  await terminal.until(shows(/ 10% /, 2));
  await terminal.resize(40, 24);
  await published(server, "a", { progress: 0.2 });
  const lines = await terminal.until(shows(/^a .* 20% /));
  assertEquals(lines.length, 4, lines.join("\n"));
});

test("watchCommand() prints lines on a terminal that can't move its cursor", async () => {
  await using server = await startTestServer();
  const args = ["watch", "a", "--url", server.origin];
  await using terminal = await openTerminal(args, { term: "dumb" });
  await terminal.until(shows(waiting));
  await published(server, "a", { progress: 0.5 }, { status: "succeeded" });
  const lines = await terminal.until(hasEnded);
  assertEquals(lines.map((line) => line.replace(/\[.*\] +/, "")), [
    "a: connected as guest, user 1",
    "a  waiting for its first event",
    "a  50%  running",
    "a  100%  succeeded",
    "exit code 0",
  ]);
});
