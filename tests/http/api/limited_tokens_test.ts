import { assert, assertEquals } from "@std/assert";
import type { Payload } from "djwt";
import { makeApi, scoped } from "../../support/api.ts";

/** The claims, and the tasks of {@linkcode makeTasks} in reach. */
const claims: [claims: Payload, inReach: readonly string[]][] = [
  [{}, ["plain", "mine/1", "labeled"]],
  [{ tasks: ["mine/1"] }, ["mine/1"]],
  [{ tasks: ["mine/*"] }, ["mine/1"]],
  [{ tasks: ["mine"] }, []],
  [{ tasks: [] }, []],
  [{ labels: ["team:7"] }, ["labeled"]],
  [{ labels: ["team:*", "other"] }, ["labeled"]],
  [{ labels: ["team"] }, []],
  [{ labels: [] }, []],
  [{ tasks: ["mine/*"], labels: ["team:*"] }, ["mine/1", "labeled"]],
  [{ tasks: [], labels: ["team:*"] }, ["labeled"]],
];

/** Requests about one task, with the status of success. */
const routes: [request: string, status: number, body?: string][] = [
  ["POST /api/tasks/ID/events", 201, "{}"],
  ["POST /api/tasks/ID/heartbeat", 200, "{}"],
  ["POST /api/tasks/ID/cancel", 200],
  ["GET /api/tasks/ID", 200],
  ["GET /api/tasks/ID/events", 200],
  ["DELETE /api/tasks/ID", 204],
];

async function makeTasks() {
  const api = await makeApi();
  await api.put("plain", {});
  await api.put("mine/1", {});
  await api.put("labeled", { labels: ["import", "team:7"] });
  return api;
}

for (const [request, success, body] of routes) {
  Deno.test(`${request} admits tokens to the tasks that their claims cover`, async () => {
    for (const [claim, inReach] of claims) {
      const { call } = await makeTasks();
      const key = await scoped("admin", claim);
      for (const taskId of ["plain", "mine/1", "labeled"]) {
        const { status, text } = await call(request.replace("ID", taskId), {
          key,
          ...(body === undefined ? {} : { body }),
        });
        const context = `${JSON.stringify(claim)} ${taskId} ${text}`;
        const isInReach = inReach.includes(taskId);
        assertEquals(status, isInReach ? success : 403, context);
        if (!isInReach) {
          assertEquals(JSON.parse(text).code, "task_not_allowed", context);
        }
      }
    }
  });
}

for (
  const request of [
    "GET /api/connections",
    "DELETE /api/connections/a",
    "GET /api/stats",
    "GET /api/config",
    "GET /api/backup",
    "GET /metrics",
  ]
) {
  Deno.test(`${request} needs a token without limits`, async () => {
    const { call } = await makeApi();
    for (
      const claim of [{ tasks: ["*"] }, { labels: ["*"] }, { tasks: [] }]
    ) {
      const key = await scoped("admin", claim);
      const answer = await call(request, { key });
      assertEquals([answer.status, answer.json().code], [
        403,
        "task_not_allowed",
      ]);
    }
    const key = await scoped("admin");
    assert((await call(request, { key })).status !== 403);
  });
}

Deno.test("POST /api/events refuses lines out of reach alone", async () => {
  const { call, services: { store } } = await makeTasks();
  const key = await scoped("publish", {
    tasks: ["mine/*"],
    labels: ["team:*"],
  });
  const lines = [
    { connection_id: "plain" },
    { connection_id: "mine/1" },
    { connection_id: "labeled" },
    { connection_id: "new" },
    { connection_id: "new", labels: ["team:8"] },
    { connection_id: "new" },
  ];
  const { status, text } = await call("POST /api/events", {
    key,
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  assertEquals(status, 200);
  const results = text.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(results.map(({ code, offset }) => code ?? offset), [
    "task_not_allowed",
    2,
    2,
    "task_not_allowed",
    1,
    2,
  ]);
  assertEquals(results.map(({ line }) => line), [
    1,
    undefined,
    undefined,
    4,
    undefined,
    undefined,
  ]);
  assertEquals((await store.read("plain")).offset, 1);
});

Deno.test("POST events creates a task if the event's labels are covered", async () => {
  const { call, services: { store } } = await makeApi();
  const key = await scoped("publish", { labels: ["team:7"] });
  const publish = (labels?: readonly string[]) =>
    call("POST /api/tasks/new/events", {
      key,
      body: JSON.stringify({ labels }),
    });
  for (const labels of [undefined, [], ["team:8"]]) {
    const { status, json } = await publish(labels);
    assertEquals([status, json().code], [403, "task_not_allowed"]);
  }
  assertEquals((await store.read("new")).state, undefined);
  assertEquals((await publish(["other", "team:7"])).status, 201);
  assertEquals((await publish()).status, 201);
});

Deno.test("POST events judges by the labels of the task, not of the event", async () => {
  const { call, put } = await makeApi();
  await put("a", { labels: ["team:8"] });
  const answer = await call("POST /api/tasks/a/events", {
    key: await scoped("publish", { labels: ["team:7"] }),
    body: '{"labels":["team:7"]}',
  });
  assertEquals([answer.status, answer.json().code], [403, "task_not_allowed"]);
});

Deno.test("POST events shows no earlier event of a task out of reach", async () => {
  const { call, put } = await makeApi();
  await put("a", { event_id: "one", labels: ["team:8"] });
  const body = '{"event_id":"one"}';
  const refused = await call("POST /api/tasks/a/events", {
    key: await scoped("publish", { labels: ["team:7"] }),
    body,
  });
  assertEquals(refused.json().code, "task_not_allowed");
  const repeated = await call("POST /api/tasks/a/events", {
    key: await scoped("publish", { labels: ["team:8"] }),
    body,
  });
  assertEquals(repeated.json().duplicate, true);
});

Deno.test("POST events takes no limit from a publisher", async () => {
  const { call } = await makeApi();
  const answer = await call("POST /api/tasks/a/events", {
    body: '{"within":["*"]}',
  });
  assertEquals(answer.json().code, "bad_event");
});

Deno.test("a task that changes hands between check and use stays out of reach", async () => {
  const { call, services: { store } } = await makeApi({}, ({ store }) => ({
    store: {
      ...store,
      publish: (taskId, change) => store.publish(taskId, change),
      forget: (taskId, epoch) => store.forget(taskId, epoch),
      async read(taskId, ...rest) {
        const view = await store.read(taskId, ...rest);
        await store.forget(taskId);
        await store.publish(taskId, { labels: ["team:8"] });
        return view;
      },
    },
  }));
  await store.publish("a", { labels: ["team:7"] });
  const key = await scoped("admin", { labels: ["team:7"] });
  // The first read finds the task of team 7, any later read the task of team 8.
  const history = await call("GET /api/tasks/a/events", { key });
  assertEquals(history.json().code, "task_not_allowed");
  await store.forget("a");
  await store.publish("a", { labels: ["team:7"] });
  assertEquals((await call("DELETE /api/tasks/a", { key })).status, 404);
});
