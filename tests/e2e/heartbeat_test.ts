import { assertEquals } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import type { Answer } from "../support/answer.ts";
import { deadline } from "../support/deadline.ts";
import {
  callAnew,
  type Deployment,
  deployments,
} from "../support/deployments.ts";
import { eventually } from "../support/eventually.ts";
import { has, needs } from "../support/needs.ts";
import type { TaskwireNode } from "../support/nodes.ts";
import { testApiKey as key } from "../support/server.ts";
import { upTo } from "../support/watching.ts";

/** The length of the worker's silence, the lease and the wait, in seconds. */
const { silence, lease, wait } = Deno.env.get("TASKWIRE_LOAD") === "full"
  ? { silence: 60, lease: 5, wait: 4 }
  : { silence: 5, lease: 3, wait: 0.5 };

/**
 * The tasks to cancel. Half of the cancels arrive at the other of two workers:
 * with 12 tasks, all but one of 4,000 runs have one.
 */
const canceledTasks = 12;

/** Longer than a test waits for an answer. */
const longWait = { lease: 61, wait: 60 };

Deno.test("heartbeats keep the task of a silent worker running", async () => {
  await Promise.all(
    deployments.filter(({ needs }) => has(...needs)).map(keepRunning),
  );
});

async function keepRunning({ name, start }: Deployment): Promise<void> {
  await using deployed = await start();
  const { nodes } = deployed;
  await nodes.at(0).publish("job", { lease });
  const endsAtMs = Date.now() + silence * 1_000;
  let heartbeats = 0;
  while (Date.now() < endsAtMs) {
    const answer = await beat(nodes.at(heartbeats), "job", { lease, wait });
    assertEquals(answer.json().status, "running", name);
    heartbeats += 1;
  }
  const events = await nodes.at(1).history("job");
  assertEquals(events.map(({ status }) => status), ["running"], name);
  printLine(
    `${name}: running after ${silence} s of silence under a lease of ${lease} s, by ${heartbeats} heartbeats and 0 events`,
  );
  // Without heartbeats the lease ends.
  await eventually(async () => {
    const { status } = (await nodes.at(2).call("GET /api/tasks/job")).json();
    return status === "lost";
  });
}

for (const { name, needs: needed, start } of deployments) {
  const test = needs(...needed);

  test(`a waiting heartbeat hears a cancel from anywhere (${name})`, async () => {
    await using deployed = await start();
    const { nodes } = deployed;
    const answers = await Promise.all(
      upTo(canceledTasks).map(async (index) => {
        const id = `job-${index}`;
        await nodes.at(index).publish(id, {});
        const waiting = beat(nodes.at(index), id, longWait);
        await renewed(nodes.at(index), id);
        const { origin } = nodes.at(index + 1);
        await callAnew(origin, `POST /api/tasks/${id}/cancel`, { key });
        const answer = await deadline(waiting, () => `${id} was not canceled`);
        assertEquals((await nodes.at(index + 2).history(id)).length, 1);
        return answer.json().cancel_requested;
      }),
    );
    assertEquals(answers, answers.map(() => true));
  });

  test(`a waiting heartbeat is answered when the server stops (${name})`, async () => {
    await using deployed = await start();
    const { nodes } = deployed;
    const node = nodes.at(0);
    const waiting = await Promise.all(
      upTo(canceledTasks).map(async (index) => {
        const id = `job-${index}`;
        await node.publish(id, {});
        const answer = beat(node, id, longWait);
        await renewed(node, id);
        return { answer };
      }),
    );
    await node.stop();
    for (const { answer } of waiting) {
      const { status, json } = await answer;
      assertEquals([status, json().cancel_requested], [200, false]);
    }
  });
}

function beat(
  { origin }: TaskwireNode,
  taskId: string,
  body: unknown,
): Promise<Answer> {
  return callAnew(origin, `POST /api/tasks/${taskId}/heartbeat`, { key, body });
}

/** Resolves once the heartbeat of a task has been stored. */
async function renewed(node: TaskwireNode, taskId: string): Promise<void> {
  await eventually(async () => {
    const task = (await node.call(`GET /api/tasks/${taskId}`)).json();
    return task.lease_ends_at !== undefined;
  });
}
