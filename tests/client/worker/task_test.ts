import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Canceled,
  connectWorker,
  type TaskOptions,
} from "../../../src/client/worker.ts";
import { eventually } from "../../support/eventually.ts";
import { historyOf, taskOf } from "../../support/python.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";
import { answerOf } from "../../support/answer.ts";

/** Asks the worker of a task to stop. */
async function cancel(origin: string, id: string): Promise<void> {
  const { status } = await answerOf(
    fetch(`${origin}/api/tasks/${id}/cancel`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testApiKey}` },
    }),
  );
  assertEquals(status, 200);
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

/** A program's tasks; warnings fail the test. */
function connect(origin: string) {
  return connectWorker({
    url: origin,
    apiKey: `${testApiKey},another-key-of-a-rotation`,
    onWarning: (warning) => {
      throw new Error(warning);
    },
  });
}

Deno.test("Task.run() publishes running, progress and succeeded", async () => {
  await using server = await startTestServer();
  const worker = connect(server.origin);
  const options: TaskOptions = {
    title: "Import",
    labels: ["team:7"],
    unit: "rows",
    userId: 42,
  };
  const result = await worker.task("a/b", options).run(async (task) => {
    const data = { rows: [1] };
    task.update({ current: 1, total: 4, message: "x".repeat(2_000), data });
    data.rows.push(2);
    await worker.flush();
    task.update({ current: 2 });
    return "done";
  });
  await worker.flush();
  assertEquals(result, "done");
  const { title, labels, message, data } = await taskOf(server.origin, "a/b");
  assertEquals([title, labels], ["Import", ["team:7"]]);
  assertEquals(message, "x".repeat(1_000));
  assertEquals(data, { rows: [1] });
  const history = await historyOf(server.origin, "a/b");
  assertEquals(history.at(-2)?.current, 2);
  assertEquals(history.at(-1)?.status, "succeeded");
  const page = await answerOf(fetch(`${server.origin}/sse/realtime/a%2Fb`));
  assertEquals(page.status, 403); // private from the first event
});

for (
  const [showErrors, message] of [
    [false, "TypeError"],
    [true, "TypeError: a secret"],
  ] as const
) {
  Deno.test(`Task.run() publishes failed with showErrors ${showErrors}`, async () => {
    await using server = await startTestServer();
    const worker = connect(server.origin);
    await assertRejects(
      () =>
        worker.task("t", { showErrors }).run(() => {
          throw new TypeError("a secret");
        }),
      TypeError,
    );
    await worker.flush();
    const last = (await historyOf(server.origin, "t")).at(-1);
    assertEquals([last?.status, last?.message], ["failed", message]);
  });
}

Deno.test("Task.signal is aborted while the function waits, and the task is canceled", async () => {
  await using server = await startTestServer();
  const worker = connect(server.origin);
  const waiting = worker.task("t").run(async (task) => {
    await worker.flush();
    await cancel(server.origin, "t");
    await aborted(task.signal); // by a heartbeat, since the function publishes nothing
    assertThrows(() => task.update(0.5), Canceled, "asked to stop");
    task.signal.throwIfAborted();
  });
  await assertRejects(() => waiting, Canceled);
  await worker.flush();
  assertEquals((await taskOf(server.origin, "t")).status, "canceled");
});

Deno.test("Task.start() renews the lease by heartbeats until the end", async () => {
  await using server = await startTestServer();
  const worker = connect(server.origin);
  const task = worker.task("t", { lease: 1 });
  task.start();
  await worker.flush();
  const endOf = async () =>
    (await taskOf(server.origin, "t") as { lease_ends_at?: string })
      .lease_ends_at ?? "";
  const first = await endOf();
  await eventually(async () => await endOf() > first);
  task.succeed();
  await worker.flush();
  assertEquals((await historyOf(server.origin, "t")).length, 2);
});

Deno.test("Task.queue() and a second attempt reopen a failed task", async () => {
  await using server = await startTestServer();
  const worker = connect(server.origin);
  for (const attempt of [1, 2]) {
    const task = worker.task("t", { attempt });
    task.queue();
    task.start();
    if (attempt === 1) task.fail("no rows");
    else task.succeed();
  }
  await worker.flush();
  assertEquals(
    (await historyOf(server.origin, "t"))
      .map(({ status, attempt }) => `${status} ${attempt}`),
    [
      ...["queued 1", "running 1", "failed 1"],
      ...["queued 2", "running 2", "succeeded 2"],
    ],
  );
});

Deno.test("Task.publish() returns the answer of the server", async () => {
  await using server = await startTestServer();
  const task = connect(server.origin).task("t", { total: 3 });
  const { offset, total, current } = await task.publish({ increment: 2 });
  assertEquals([offset, total, current], [1, 3, 2]);
  await assertRejects(() => task.publish({ progress: 7 }), Error, "422");
});

Deno.test("Task ends its heartbeats when the end comes from elsewhere", async () => {
  await using server = await startTestServer();
  const worker = connectWorker({
    url: server.origin,
    apiKey: testApiKey,
    onWarning: () => {},
  });
  const task = worker.task("t");
  task.start();
  await worker.flush();
  await answerOf(server.publish("t", { status: "failed" }));
  task.update(0.5);
  await worker.flush();
  task.update(0.6); // is not sent any more
  await worker.flush();
  const { status } = await taskOf(server.origin, "t");
  assertEquals(status, "failed");
  assert(!task.signal.aborted);
});
