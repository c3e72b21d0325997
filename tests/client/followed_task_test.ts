import { assertEquals } from "@std/assert";
import type { TaskUpdate } from "../../src/client/api.ts";
import { FollowedTask } from "../../src/client/followed_task.ts";
import { createUpdateQueue } from "../../src/client/update_queue.ts";
import { taskFrame } from "../support/fake_sockets.ts";

function makeTask() {
  const task = new FollowedTask("a");
  /** Takes frames; returns whether the task is over. */
  const take = (...frames: unknown[]) =>
    frames.map((frame) =>
      task.take(frame as Parameters<FollowedTask["take"]>[0])
    ).at(-1);
  /** Joins, and returns the updates until the end of the task. */
  async function watch(): Promise<TaskUpdate[]> {
    const queue = createUpdateQueue<TaskUpdate>([], () => {});
    task.join(queue);
    return await Array.fromAsync(queue);
  }
  return { task, take, watch };
}

function positionOf({ subscribe: { epoch, offset } }: FollowedTask) {
  return { epoch, offset };
}

const sync = {
  type: "sync",
  connection_id: "a",
  epoch: "e",
  offset: 0,
  recovered: false,
  task: null,
};

Deno.test("FollowedTask.take() yields the current state, then each event", async () => {
  const { task, take, watch } = makeTask();
  const watching = watch();
  take(sync, taskFrame(1), taskFrame(2));
  assertEquals(positionOf(task), { epoch: "e", offset: 2 });
  task.end();
  const { recovered: _, ...first } = sync;
  assertEquals(await watching as unknown[], [
    first,
    taskFrame(1),
    taskFrame(2),
  ]);
});

Deno.test("FollowedTask.join() does not show a deleted task", async () => {
  const { task, take, watch } = makeTask();
  take(sync, taskFrame(1), { type: "deleted", connection_id: "a" });
  const watching = watch();
  task.end();
  assertEquals(
    (await watching).map((update) => "task" in update && update.task),
    [null],
  );
});

Deno.test("FollowedTask.take() yields nothing twice, and nothing before sync", async () => {
  const { task, take, watch } = makeTask();
  const watching = watch();
  take(taskFrame(1), sync, taskFrame(1), taskFrame(1));
  take({ ...sync, offset: 1, recovered: true }, taskFrame(1), taskFrame(2));
  task.end();
  assertEquals(
    (await watching).map((update) => "offset" in update && update.offset),
    [0, 1, 2],
  );
});

Deno.test("FollowedTask.take() yields the state again if events were missed", async () => {
  const { task, take, watch } = makeTask();
  const watching = watch();
  take(sync, taskFrame(1), { ...sync, epoch: "f", offset: 9 }, taskFrame(10));
  task.end();
  const [, , again, last] = await watching;
  assertEquals(again?.type, "sync");
  assertEquals(last?.type, "task");
  assertEquals(positionOf(task), { epoch: "f", offset: 10 });
});

Deno.test("FollowedTask.take() begins anew with a new history", async () => {
  const { task, take, watch } = makeTask();
  const watching = watch();
  const deleted = { type: "deleted", connection_id: "a" };
  take(sync, taskFrame(1), taskFrame(2), deleted);
  take({ ...sync, epoch: "f", recovered: true }, taskFrame(1));
  task.end();
  assertEquals(
    (await watching).map(({ type }) => type),
    ["sync", "task", "task", "deleted", "task"],
  );
  assertEquals(positionOf(task), { epoch: "f", offset: 1 });
});

Deno.test("FollowedTask.join() gives a late consumer the current state", async () => {
  const { task, take, watch } = makeTask();
  take(
    {
      ...sync,
      offset: 1,
      task: { ...taskFrame(1), created_at: "c", unit: "rows" },
    },
    taskFrame(2, { progress: 0.5, skipped: 3 }),
  );
  const watching = watch();
  task.end();
  const [first] = await watching;
  const { type: _, ...members } = taskFrame(2, { progress: 0.5 });
  assertEquals(first?.type === "sync" && { ...first.task, type: "task" }, {
    ...members,
    type: "task",
    unit: "rows",
    epoch: "e",
    created_at: "c",
    started_at: members.timestamp,
    updated_at: members.timestamp,
  } as unknown);
});

Deno.test("FollowedTask.join() gives the estimates and times of the newest event", async () => {
  const { task, take, watch } = makeTask();
  const estimates = { rate: 1, eta: "later" };
  const [, ended, again] = [1, 2, 3].map((offset) =>
    taskFrame(offset, { attempt: offset < 3 ? 1 : 2 })
  );
  const seen = [];
  for (
    const frame of [
      sync,
      taskFrame(1, estimates),
      { ...ended, status: "failed" },
      { ...again, status: "queued" },
    ]
  ) {
    take(frame);
    const watching = watch();
    seen.push(watching);
  }
  task.end();
  const tasks = (await Promise.all(seen)).map(([first]) =>
    first?.type === "sync" ? first.task : undefined
  );
  assertEquals(
    tasks.slice(1).map((task) => [
      task?.rate,
      task?.eta,
      task?.started_at !== undefined,
      task?.ended_at !== undefined,
    ]),
    [
      [1, "later", true, false],
      [undefined, undefined, true, true],
      [undefined, undefined, false, false],
    ],
  );
});

for (const status of ["succeeded", "failed", "canceled"]) {
  Deno.test(`FollowedTask.take() reports the end of a task that ${status}`, () => {
    assertEquals(makeTask().take(sync, taskFrame(1)), false);
    assertEquals(makeTask().take(sync, taskFrame(1, { status })), true);
    assertEquals(
      makeTask().take({ ...sync, offset: 1, task: taskFrame(1, { status }) }),
      true,
    );
  });
}
