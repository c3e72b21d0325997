import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import {
  historyOf,
  runPython,
  startPython,
  taskOf,
} from "../support/python.ts";
import { startTestServer, testApiKey } from "../support/server.ts";

const test = needs("python3");

/** Asks the worker of a task to stop. */
async function cancel(origin: string, id: string): Promise<void> {
  const response = await fetch(`${origin}/api/tasks/${id}/cancel`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  await response.body?.cancel();
  assert(response.ok);
}

/** Waits until the task has the status. */
function reaches(origin: string, id: string, status: string): Promise<void> {
  return eventually(async () => (await taskOf(origin, id)).status === status);
}

test("Task publishes running, progress and succeeded", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(
    server.origin,
    `
from taskwire import Task, flush
with Task("a/b", title="Import", labels=["team:7"], unit="rows", user_id=42) as task:
    task.update(current=1, total=4, message="x" * 2000, data={"when": {1: 2.5}})
    flush()
    task.update(current=2)
`,
  );
  assertEquals(code, 0, stderr);
  assertEquals(stderr, "");
  const { title, labels, ...task } = await taskOf(server.origin, "a/b");
  assertEquals([title, labels], ["Import", ["team:7"]]);
  assertEquals(task.message, "x".repeat(1_000));
  assertEquals(task.data, { when: { 1: 2.5 } });
  const history = await historyOf(server.origin, "a/b");
  assertEquals(history.at(-2)?.current, 2);
  assertEquals(history.at(-1)?.status, "succeeded");
  const page = await fetch(`${server.origin}/sse/realtime/a%2Fb`);
  await page.body?.cancel();
  assertEquals(page.status, 403); // private from the first event
});

const ends = {
  'raise ValueError("a secret")': ["failed", "ValueError"],
  'task.show_errors = True; raise ValueError("no rows")': [
    "failed",
    "ValueError: no rows",
  ],
  "raise Canceled()": ["canceled", undefined],
  "raise KeyboardInterrupt()": ["canceled", undefined],
  "raise SystemExit(0)": ["succeeded", undefined],
  "raise SystemExit(3)": ["failed", "SystemExit"],
};

for (const [statement, [status, message]] of Object.entries(ends)) {
  test(`Task ends as ${status} after ${statement}`, async () => {
    await using server = await startTestServer();
    await runPython(
      server.origin,
      `
from taskwire import Canceled, Task
with Task("t") as task:
    ${statement}
`,
    );
    const last = (await historyOf(server.origin, "t")).at(-1);
    assertEquals([last?.status, last?.message], [status, message]);
  });
}

test("Task of a retry reopens a failed task", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(
    server.origin,
    `
from taskwire import Task
for attempt in (1, 2):
    task = Task("t", attempt=attempt)
    task.start()
    task.fail() if attempt == 1 else task.succeed()
`,
  );
  assertEquals(code, 0, stderr);
  assertEquals(
    (await historyOf(server.origin, "t"))
      .map(({ status, attempt }) => `${status} ${attempt}`),
    ["running 1", "failed 1", "running 2", "succeeded 2"],
  );
});

test("Task.update() raises Canceled when a watcher asks the task to stop", async () => {
  await using server = await startTestServer();
  await using job = startPython(
    server.origin,
    `
import sys, time
from taskwire import Canceled, Task
try:
    with Task("t") as task:
        while True:
            task.update(increment=1)
            time.sleep(0.01)
except Canceled as error:
    print("stopped:", error, file=sys.stderr)
`,
  );
  await reaches(server.origin, "t", "running");
  await cancel(server.origin, "t");
  await job.wrote(/stopped: t was asked to stop/);
  await job.ended;
  await reaches(server.origin, "t", "canceled");
});

test("Task hears of a cancel while the job publishes nothing", async () => {
  await using server = await startTestServer();
  await using job = startPython(
    server.origin,
    `
import time
from taskwire import Task
with Task("t") as task:
    while not task.cancel_requested:
        time.sleep(0.01)
    task.raise_if_canceled()
`,
  );
  await reaches(server.origin, "t", "running");
  await cancel(server.origin, "t");
  await reaches(server.origin, "t", "canceled");
  await job.ended;
});

test("Task interrupts an asynchronous block by a cancel", async () => {
  await using server = await startTestServer();
  await using job = startPython(
    server.origin,
    `
import asyncio, sys
from taskwire import Canceled, Task

async def main():
    try:
        async with Task("t"):
            await asyncio.sleep(3600)
    except Canceled:
        print("stopped", file=sys.stderr)
    await asyncio.sleep(0)  # the loop's own task goes on
    print("went on", file=sys.stderr)

asyncio.run(main())
`,
  );
  await reaches(server.origin, "t", "running");
  await cancel(server.origin, "t");
  await job.wrote(/stopped\nwent on/);
  await job.ended;
  await reaches(server.origin, "t", "canceled");
});

test("Task is lost after its process was killed", async () => {
  await using server = await startTestServer();
  await using job = startPython(
    server.origin,
    `
import time
from taskwire import Task
with Task("t", lease=1):
    time.sleep(3600)
`,
  );
  await reaches(server.origin, "t", "running");
  job.kill("SIGKILL");
  await reaches(server.origin, "t", "lost");
});

test("Task publishes from forked processes", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(
    server.origin,
    `
import multiprocessing, os
from taskwire import Task, flush

def work(id):
    with Task(id) as task:
        task.update(0.5)

with Task("parent"):
    flush()  # the parent's thread runs before the forks
    child = os.fork()
    if child == 0:
        work("forked")
        flush()
        os._exit(0)
    os.waitpid(child, 0)
    process = multiprocessing.get_context("fork").Process(target=work, args=["multi"])
    process.start()
    process.join()
`,
  );
  assertEquals(code, 0, stderr);
  for (const id of ["parent", "forked", "multi"]) {
    const history = await historyOf(server.origin, id);
    assertEquals(history.at(0)?.status, "running", id);
    assertEquals(history.at(-1)?.status, "succeeded", id);
    assertEquals(
      new Set(history.map(({ event_id }) => event_id)).size,
      history.length,
    );
  }
});

test("Task.publish() raises errors, without the key", async () => {
  await using server = await startTestServer({
    config: { apiKeys: ["a-different-key"] },
  });
  const { code, stderr } = await runPython(
    server.origin,
    'from taskwire import Task\nTask("t").publish(status="queued")',
  );
  assertEquals(code, 1);
  assertMatch(stderr, /taskwire\S*Refused: HTTP 401: unauthorized/);
  assertNotMatch(stderr, new RegExp(testApiKey));
});

test("track() counts items, and the task ends with the loop", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(
    server.origin,
    `
from taskwire import track
assert list(track("abc", task="t", unit="letters")) == ["a", "b", "c"]
assert list(track([1, 2])) == [1, 2]  # without a task
`,
  );
  assertEquals(code, 0, stderr);
  const { current, total, unit, status } = await taskOf(server.origin, "t");
  assertEquals([current, total, unit, status], [3, 3, "letters", "succeeded"]);
});

test("track() publishes the outermost loop of the block's task", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(
    server.origin,
    `
from taskwire import Task, track
with Task("t"):
    for row in track(iter(range(7)), total=10):
        for cell in track(range(100)):
            pass
`,
  );
  assertEquals(code, 0, stderr);
  const { current, total, status } = await taskOf(server.origin, "t");
  assertEquals([current, total, status], [7, 10, "succeeded"]);
});

test("track() fails its task if the loop is left early", async () => {
  await using server = await startTestServer();
  await runPython(
    server.origin,
    `
from taskwire import track
for item in track(range(10), task="t"):
    if item == 4:
        raise ValueError("a secret")
`,
  );
  const { current, status, message } = await taskOf(server.origin, "t");
  assertEquals(
    [current, status, message],
    [4, "failed", "the loop was left before its end"],
  );
});

test("track() iterates asynchronously, and stops at a cancel", async () => {
  await using server = await startTestServer();
  await using job = startPython(
    server.origin,
    `
import asyncio, itertools
from taskwire import Canceled, Task, track

async def rows():
    for row in itertools.count():
        await asyncio.sleep(0.001)
        yield row

async def main():
    async for row in track(rows(), task="t"):
        pass

try:
    asyncio.run(main())
except Canceled:
    pass
`,
  );
  await eventually(async () =>
    ((await taskOf(server.origin, "t")).current ?? 0) > 1
  );
  await cancel(server.origin, "t");
  await job.ended;
  await reaches(server.origin, "t", "canceled");
});
