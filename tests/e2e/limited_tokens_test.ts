import { assertEquals } from "@std/assert";
import type { Answer } from "../support/answer.ts";
import { scoped } from "../support/api.ts";
import { callAnew, deployments } from "../support/deployments.ts";
import { needs } from "../support/needs.ts";
import type { Nodes } from "../support/nodes.ts";
import { testApiKey } from "../support/server.ts";
import type { Frame } from "../support/socket.ts";

/** The number of times that each request is sent: each of two workers answers some. */
const tries = 8;

/** Tokens, each with a task in reach that the other may not touch. */
const tenants = [
  { claim: { labels: ["team:7"] }, own: "a", labels: ["rows", "team:7"] },
  { claim: { tasks: ["b/*"] }, own: "b/1", labels: ["team:8"] },
];

/** Requests about one task, with the status of success. */
const requests = [
  ["POST /api/tasks/ID/events", 201, {}],
  ["POST /api/tasks/ID/heartbeat", 200, {}],
  ["GET /api/tasks/ID", 200],
  ["GET /api/tasks/ID/events", 200],
  ["POST /api/tasks/ID/cancel", 200],
  ["DELETE /api/tasks/ID", 204],
] as const;

/** A request may reach a process that has not seen the task. */
const several = deployments.filter(({ processes }) => processes > 1);

for (const { name, needs: needed, start } of several) {
  needs(...needed)(
    `tokens reach the tasks of their claims alone, whichever process answers (${name})`,
    async () => {
      await using deployed = await start();
      const { nodes } = deployed;
      const keys = await Promise.all(
        tenants.map(({ claim }) => scoped("admin", claim)),
      );
      for (const [index, { own, labels }] of tenants.entries()) {
        await nodes.at(index).publish(own, { labels });
      }
      for (const [index, { own }] of tenants.entries()) {
        const key = keys[index] ?? "";
        const other = tenants[1 - index]?.own ?? "";
        for (const [request, , body] of requests) {
          const sent = { key, body };
          await each(nodes, request.replace("ID", other), sent, (answer) => {
            const { status, json } = answer;
            assertEquals([status, json().code], [403, "task_not_allowed"]);
          });
        }
        const body = [other, own, other].map((connection_id) =>
          JSON.stringify({ connection_id, message: "bulk" })
        ).join("\n");
        await each(nodes, "POST /api/events", { key, body }, ({ text }) => {
          const results = text.trim().split("\n").map((line) =>
            JSON.parse(line)
          );
          assertEquals(
            results.map(({ code, offset }) => code ?? typeof offset),
            ["task_not_allowed", "number", "task_not_allowed"],
          );
        });
        await each(nodes, "GET /api/tasks", { key }, ({ json }) => {
          const tasks = json().tasks as Frame[];
          assertEquals(tasks.map(({ connection_id }) => connection_id), [own]);
        });
      }
      for (const [index, { own }] of tenants.entries()) {
        const key = keys[index] ?? "";
        // Only the own lines have changed the task.
        const task = await nodes.at(index).call(`GET /api/tasks/${own}`);
        const { offset, cancel_requested } = task.json();
        assertEquals([offset, cancel_requested], [1 + tries, undefined]);
        for (const [request, success, body] of requests) {
          const path = request.replace("ID", own);
          const { origin } = nodes.at(index + 1);
          const { status } = await callAnew(origin, path, { key, body });
          assertEquals(status, success, path);
        }
      }
    },
  );

  needs(...needed)(
    `a task that changes hands changes reach in every process (${name})`,
    async () => {
      await using deployed = await start();
      const { nodes } = deployed;
      const keys = await Promise.all(
        ["team:7", "team:8"].map((label) =>
          scoped("admin", { labels: [label] })
        ),
      );
      for (let turn = 0; turn < 4; turn++) {
        const labels = [`team:${turn % 2 + 7}`];
        await nodes.at(turn).publish("shared", { labels });
        for (const [index, key] of keys.entries()) {
          const isInReach = index === turn % 2;
          for (const request of ["GET /api/tasks/shared", "GET /api/tasks"]) {
            await each(nodes, request, { key }, ({ status, json }) => {
              const { tasks = [] } = json();
              const found = request === "GET /api/tasks"
                ? (tasks as Frame[]).length === 1
                : status === 200;
              assertEquals(found, isInReach, request);
            });
          }
          await each(
            nodes,
            "POST /api/tasks/shared/events",
            { key, body: {} },
            ({ status }) => assertEquals(status, isInReach ? 201 : 403),
          );
        }
        const { origin } = nodes.at(turn + 1);
        const { status } = await callAnew(origin, "DELETE /api/tasks/shared", {
          key: testApiKey,
        });
        assertEquals(status, 204);
      }
    },
  );
}

/** Sends a request some times, over new connections and to the nodes in turn. */
async function each(
  nodes: Nodes,
  request: string,
  sent: { readonly key: string; readonly body?: unknown },
  check: (answer: Answer) => void,
): Promise<void> {
  for (let index = 0; index < tries; index++) {
    check(await callAnew(nodes.at(index).origin, request, sent));
  }
}
