import { assertEquals, assertNotEquals } from "@std/assert";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";
import { makeApi, scoped } from "../../support/api.ts";
import { answerOf } from "../../support/answer.ts";
import { published } from "../../support/published.ts";
import { openRealtime } from "../../support/realtime.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";

Deno.test("DELETE task answers 204, and deletes the task and the history", async () => {
  const { call, put, services } = await makeApi();
  await put("a", { event_id: "one", status: "succeeded" });
  const { epoch } = await services.store.read("a");
  const { status, text } = await call("DELETE /api/tasks/a");
  assertEquals([status, text], [204, ""]);
  for (const path of ["a", "a/events"]) {
    assertEquals((await call(`GET /api/tasks/${path}`)).status, 404);
  }
  assertEquals((await call("GET /api/tasks")).json(), { tasks: [] });
  await put("a", { event_id: "one" });
  const view = await services.store.read("a");
  assertEquals(view.offset, 1);
  assertNotEquals(view.epoch, epoch);
});

Deno.test("DELETE task answers 404 to an unknown or deleted task", async () => {
  const { call, put } = await makeApi();
  await put("a", {});
  const statuses = [];
  for (const id of ["b", "a", "a"]) {
    const { status } = await call(`DELETE /api/tasks/${id}`);
    statuses.push(status);
  }
  assertEquals(statuses, [404, 204, 404]);
});

Deno.test("DELETE task leaves other tasks unchanged", async () => {
  const { call, put } = await makeApi();
  for (const id of ["a/events", "a", "a/b"]) await put(id, {});
  assertEquals((await call("DELETE /api/tasks/a%2Fevents")).status, 204);
  for (const [id, status] of [["a", 200], ["a%2Fevents", 404]] as const) {
    assertEquals((await call(`GET /api/tasks/${id}`)).status, status);
  }
  assertEquals((await call("DELETE /api/tasks/a/b")).status, 204);
});

Deno.test("DELETE task and POST cancel reach the task's watchers", async () => {
  await using server = await startTestServer();
  await published(server, "a/b", {});
  await using socket = await openRealtime(server, "a/b");
  const headers = { Authorization: `Bearer ${testApiKey}` };
  const path = `${server.origin}/api/tasks/a/b`;
  await answerOf(fetch(`${path}/cancel`, { method: "POST", headers }));
  await answerOf(fetch(path, { method: "DELETE", headers }));
  for (const type of ["cancel_requested", "deleted"]) {
    assertEquals(await socket.nextFrame(), { type, connection_id: "a/b" });
  }
});

Deno.test("POST cancel answers 200, and the worker's next answer has cancel_requested", async () => {
  const { call, put } = await makeApi();
  await put("a", {});
  for (let count = 0; count < 2; count += 1) {
    const { status, json } = await call("POST /api/tasks/a/cancel");
    assertEquals([status, json()], [
      200,
      { connection_id: "a", cancel_requested: true },
    ]);
  }
  const publish = async (body: string) =>
    (await call("POST /api/tasks/a/events", { body })).json();
  const next = await publish('{"event_id":"e2"}');
  assertEquals([next.offset, next.cancel_requested], [2, true]);
  assertEquals((await publish('{"event_id":"e2"}')).cancel_requested, true);
  assertEquals((await publish('{"attempt":2}')).cancel_requested, false);
});

Deno.test("POST cancel answers 404 if nothing was published", async () => {
  const { call } = await makeApi();
  const { status, json } = await call("POST /api/tasks/a/cancel");
  assertEquals([status, json().code], [404, "task_unknown"]);
  assertEquals((await call("GET /api/tasks/a")).status, 404);
});

for (const status of ["succeeded", "failed", "canceled"] as const) {
  Deno.test(`POST cancel answers 409 if the task has ${status}`, async () => {
    const { call, put } = await makeApi();
    await put("a", { status });
    const answer = await call("POST /api/tasks/a/cancel");
    assertEquals([answer.status, answer.json().code], [409, "task_finished"]);
  });
}

Deno.test("POST cancel cancels the task in the path", async () => {
  const { call, put } = await makeApi();
  for (const id of ["a", "a/b", "a/cancel"]) await put(id, {});
  for (
    const [path, id] of [
      ["a/b/cancel", "a/b"],
      ["a%2Fcancel/cancel", "a/cancel"],
      ["a%2Fb/cancel", "a/b"],
    ]
  ) {
    const { json } = await call(`POST /api/tasks/${path}`);
    assertEquals(json().connection_id, id);
  }
  const { json } = await call("GET /api/tasks/a");
  assertEquals(json().cancel_requested, undefined);
});

const reading = ["GET /a", "GET /a/events", "GET "];
const publishing = [
  "POST /a/events",
  "POST /a/cancel",
  "DELETE /a",
];

/** The status of each permitted request. */
const passed: Record<string, number> = {
  "POST /a/events": 201,
  "DELETE /a": 204,
};

for (
  const [who, key, passes] of [
    ["an API key", () => testApiKey, [...reading, ...publishing]],
    ["a JWT with admin", () => scoped("admin"), [...reading, ...publishing]],
    ["a JWT with publish", () => scoped("publish"), publishing],
    ["a JWT with both", () => scoped("publish admin"), [
      ...reading,
      ...publishing,
    ]],
    ["a JWT with another scope", () => scoped("read"), []],
    ["a JWT without a scope", () => scoped(""), []],
  ] as const
) {
  Deno.test(`taskRoutes() permits ${who} ${passes.length} of 6 requests, and answers 403 to the rest`, async () => {
    const { call, put } = await makeApi();
    await put("a", {});
    for (const request of [...reading, ...publishing]) {
      const [method, path] = request.split(" ");
      const { status } = await call(`${method} /api/tasks${path}`, {
        key: await key(),
        ...(method === "POST" ? { body: "{}" } : {}),
      });
      const isPassed = (passes as readonly string[]).includes(request);
      assertEquals(status, isPassed ? passed[request] ?? 200 : 403, request);
    }
    if (passes.length === 0) {
      assertEquals((await call("GET /api/tasks/a")).json().offset, 1);
    }
  });
}

for (const key of ["", "wrong"]) {
  Deno.test(`taskRoutes() answers 401 to ${key || "no"} key, for known and unknown tasks`, async () => {
    const { call, put } = await makeApi();
    await put("a", {});
    for (const id of ["a", "unknown"]) {
      for (const request of [...reading, ...publishing]) {
        const [method, path = ""] = request.replace("a", id).split(" ");
        const { status, headers } = await call(
          `${method} /api/tasks${path}`,
          { key },
        );
        assertEquals(status, 401, request);
        assertEquals(headers.get("www-authenticate"), "Bearer");
      }
    }
    assertEquals((await call("GET /api/tasks/a")).json().offset, 1);
  });
}

Deno.test("taskRoutes() answers 503 to everything while the store is down", async () => {
  const down = () => Promise.reject(new StoreUnavailableError("down"));
  const { call } = await makeApi({}, ({ store }) => ({
    store: { ...store, publish: down, read: down, list: down, forget: down },
  }));
  for (const request of [...reading, ...publishing]) {
    const [method, path] = request.split(" ");
    const { status, headers, json } = await call(
      `${method} /api/tasks${path}`,
      method === "POST" ? { body: "{}" } : {},
    );
    assertEquals([status, json().code], [503, "store_unavailable"], request);
    assertEquals(headers.get("retry-after"), "5");
  }
});
